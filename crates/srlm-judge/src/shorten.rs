//! Long responses, shortened by a rule that the judge is told of.

use std::borrow::Cow;

/// The first `max` characters (Unicode scalar values) of a response and a line that says how many
/// follow; the response itself where it is not longer, or `max` is 0.
pub(crate) fn shortened(response: &str, max: u32) -> Cow<'_, str> {
    let Some((end, _)) = response.char_indices().nth(max as usize).filter(|_| max > 0) else {
        return Cow::Borrowed(response);
    };
    let n_left_out = response[end..].chars().count();
    Cow::Owned(format!(
        "{}\n[The response goes on: {n_left_out} more characters are left out here.]",
        &response[..end]
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_beginning_is_kept_and_the_rest_counted() {
        let rows = [
            ("Oak, elm and ash.", 0, "Oak, elm and ash."),
            ("Oak, elm and ash.", 17, "Oak, elm and ash."),
            ("Oak, elm.", 3, "Oak\n[The response goes on: 6 more characters are left out here.]"),
            ("Höfe", 2, "Hö\n[The response goes on: 2 more characters are left out here.]"),
            ("", 1, ""),
        ];
        for (response, max, expected) in rows {
            assert_eq!(shortened(response, max), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_out_in_silence(response in any::<String>(), max in 0_u32..40) {
            let shown = shortened(&response, max);
            let n = response.chars().count();
            let is_whole = max == 0 || n <= max as usize;
            prop_assert_eq!(matches!(shown, Cow::Borrowed(_)), is_whole);
            let line = format!("{} more characters", n.saturating_sub(max as usize));
            prop_assert!(is_whole || shown.contains(&line));
            prop_assert!(is_whole || response.starts_with(shown.rsplit_once("\n[").unwrap().0));
        }
    }
}
