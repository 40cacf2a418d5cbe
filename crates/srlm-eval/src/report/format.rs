//! Numbers as a reader wants them.

use crate::Estimate;

/// What stands where there is no number.
pub(crate) const NOTHING: &str = "–";

/// `0.541` as `54.1%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// `54.1% [48.0, 60.2]`.
pub(crate) fn percent_interval(estimate: Estimate) -> String {
    format!(
        "{} [{:.1}, {:.1}]",
        percent(estimate.value),
        100.0 * estimate.low,
        100.0 * estimate.high
    )
}

/// `0.51 [0.45, 0.57]`.
pub(crate) fn interval(estimate: Estimate) -> String {
    format!("{:.2} [{:.2}, {:.2}]", estimate.value, estimate.low, estimate.high)
}

/// The text of a value, or the sign for none.
pub(crate) fn or_nothing<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), text)
}

/// `12345` as `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("decimal digits are ASCII"))
        .collect();
    groups.join(",")
}

/// `75` as `1 min 15 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 if seconds < 10.0 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The first twelve digits of a hash, its algorithm left out.
pub(crate) fn short_hash(hash: &str) -> String {
    hash.strip_prefix("sha256:").unwrap_or(hash).chars().take(12).collect()
}

/// A count's name for people: `too_long` as `too long`.
pub(crate) fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1000, 12_345_678].map(count).map(|x| x.leak() as &str)
        );
        assert_eq!(percent(0.5), "50.0%");
        let times = [0.04, 9.6, 59.7, 75.0, 3700.0].map(duration);
        assert_eq!(times, ["0.0 s", "9.6 s", "1 min 0 s", "1 min 15 s", "1 h 1 min"]);
        assert_eq!(short_hash("sha256:0123456789abcdef"), "0123456789ab");
    }
}
