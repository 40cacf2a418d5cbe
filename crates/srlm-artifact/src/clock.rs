//! The time of day, as text.

use jiff::{Timestamp, Unit};

/// Now, as RFC 3339 in UTC, to the second.
pub(crate) fn now() -> String {
    to_second(Timestamp::now())
}

fn to_second(time: Timestamp) -> String {
    time.round(Unit::Second).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_gnu_date() {
        for (unix_seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = Timestamp::new(unix_seconds, 123_456_789).unwrap();
            assert_eq!(to_second(time), expected);
        }
    }
}
