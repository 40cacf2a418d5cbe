//! The version of a kind's form on disk.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind's form on disk: an additive change raises `minor`, any other raises `major`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Readers of another major version refuse the folder.
    pub major: u32,
    /// Readers of an older minor version refuse the folder; newer ones fill in what it lacks.
    pub minor: u32,
}

impl Format {
    /// The format `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Whether a program that writes this format reads `other`.
    pub const fn reads(self, other: Self) -> bool {
        self.major == other.major && other.minor <= self.minor
    }

    pub(crate) fn remedy(self, supported: Self) -> &'static str {
        if (self.major, self.minor) > (supported.major, supported.minor) {
            "use a newer srlm"
        } else {
            "make it again with this srlm, or read it with an older one"
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_major_and_no_newer_minor_is_read() {
        let ours = Format::new(2, 3);
        for (major, minor, expected) in
            [(2, 3, true), (2, 0, true), (2, 4, false), (1, 3, false), (3, 0, false)]
        {
            assert_eq!(ours.reads(Format::new(major, minor)), expected, "{major}.{minor}");
        }
    }
}
