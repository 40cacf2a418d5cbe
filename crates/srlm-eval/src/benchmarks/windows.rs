//! What is fed and what is predicted of a text longer than the context.

use std::ops::Range;

/// One pass of the model over a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Fed: places in the text's tokens with the token for the beginning of a text before them.
    pub input: Range<usize>,
    /// Predicted, by the last positions of the input: places in the text's tokens alone.
    pub predicted: Range<usize>,
}

/// Windows that predict each of `n_tokens` once, in order: the first the first `length`, each later
/// one as many of those that remain as leave `n_context` tokens before them. The last window is
/// filled up with earlier tokens.
///
/// The harness scores texts with `n_context` 1.
///
/// # Panics
/// When `n_context` is 0 or above `length`.
///
/// # Source
/// `get_rolling_token_windows` of lm-evaluation-harness.
pub fn rolling_windows(n_tokens: usize, length: usize, n_context: usize) -> Vec<Window> {
    assert!((1..=length).contains(&n_context), "a window holds its context and a token");
    let mut windows: Vec<Window> = Vec::new();
    let mut predicted = 0;
    while predicted < n_tokens {
        let step = if predicted == 0 { length } else { length - n_context + 1 };
        let end = n_tokens.min(predicted + step);
        windows.push(Window { input: end.saturating_sub(length)..end, predicted: predicted..end });
        predicted = end;
    }
    windows
}
