//! What a win counts, by the place in which the winner stood.

use srlm_artifact::{BattleRow, BattleWinner};

/// The weights of wins; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionWeights {
    /// Of a win of the judgment shown first.
    pub first: f64,
    /// Of a win of the judgment shown second.
    pub second: f64,
}

/// Weighs a win the more, the rarer wins in its place are: `first = n(second wins) / n(wins)` and
/// `second = n(first wins) / n(wins)`. A judge that mostly names the first says little by it.
/// Without wins both are 1/2.
///
/// # Source
/// Wu et al. 2024, the weights of positional bias.
pub fn position_weights(battles: &[BattleRow]) -> PositionWeights {
    let won = |winner| battles.iter().filter(|row| row.winner == Some(winner)).count();
    let (first, second) = (won(BattleWinner::A), won(BattleWinner::B));
    if first + second == 0 {
        return PositionWeights { first: 0.5, second: 0.5 };
    }
    let share = |n: usize| n as f64 / (first + second) as f64;
    PositionWeights { first: share(second), second: share(first) }
}

/// Weighted wins: `wins[i][j]` of the judgment `judge_indices[i]` over `judge_indices[j]`, both
/// orders together.
///
/// # Panics
/// If a battle is about a judgment that is not among `judge_indices`.
pub(crate) fn battle_matrix(
    battles: &[&BattleRow],
    judge_indices: &[u32],
    weights: PositionWeights,
) -> Vec<Vec<f64>> {
    let n = judge_indices.len();
    let mut wins = vec![vec![0.0; n]; n];
    let place = |index| {
        judge_indices
            .iter()
            .position(|&known| known == index)
            .expect("judge_indices are the battles'")
    };
    for row in battles {
        let (a, b) = (place(row.judge_index_a), place(row.judge_index_b));
        match row.winner {
            Some(BattleWinner::A) => wins[a][b] += weights.first,
            Some(BattleWinner::B) => wins[b][a] += weights.second,
            None => {}
        }
    }
    wins
}

#[cfg(test)]
mod tests {
    use srlm_artifact::BattleFailure;

    use super::*;
    use BattleWinner::{A, B};

    fn row((judge_index_a, judge_index_b, winner): (u32, u32, Option<BattleWinner>)) -> BattleRow {
        BattleRow {
            prompt_id: "p".to_owned(),
            response_id: "p/0".to_owned(),
            judge_index_a,
            judge_index_b,
            winner,
            rationale: String::new(),
            failure: winner.is_none().then_some(BattleFailure::Empty),
            seed: 0,
        }
    }

    #[test]
    fn a_win_in_the_rarer_place_weighs_more() {
        let check = |winners: &[Option<BattleWinner>], first, second| {
            let rows: Vec<_> = winners.iter().map(|&winner| row((0, 1, winner))).collect();
            assert_eq!(position_weights(&rows), PositionWeights { first, second }, "{winners:?}");
        };
        check(&[Some(A), Some(A), Some(A), Some(B), None], 0.25, 0.75);
        check(&[Some(A), Some(B)], 0.5, 0.5);
        check(&[Some(A)], 0.0, 1.0);
        check(&[None], 0.5, 0.5);
        check(&[], 0.5, 0.5);
    }

    #[test]
    fn wins_in_both_orders_add_up() {
        let rows =
            [(2, 5, Some(A)), (5, 2, Some(B)), (2, 7, None), (7, 2, Some(A)), (5, 7, Some(B))]
                .map(row);
        let rows: Vec<_> = rows.iter().collect();
        let wins = battle_matrix(&rows, &[2, 5, 7], PositionWeights { first: 0.25, second: 0.75 });
        assert_eq!(wins, [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.25, 0.75, 0.0]]);
    }
}
