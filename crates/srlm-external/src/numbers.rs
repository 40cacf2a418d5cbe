//! In how few bits a tensor's numbers lie exactly.

use half::{bf16, f16};
use srlm_checkpoint::Dtype;

/// Which 16-bit formats hold every value seen so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrowest {
    bf16: bool,
    f16: bool,
}

impl Narrowest {
    pub(crate) fn new() -> Self {
        Self { bf16: true, f16: true }
    }

    pub(crate) fn see(&mut self, values: &[f32]) {
        self.bf16 =
            self.bf16 && values.iter().all(|&value| bf16::from_f32(value).to_f32() == value);
        self.f16 = self.f16 && values.iter().all(|&value| f16::from_f32(value).to_f32() == value);
    }

    /// The format to save in: nothing is rounded.
    pub(crate) fn dtype(self) -> Dtype {
        match self {
            Self { bf16: true, .. } => Dtype::Bf16,
            Self { f16: true, .. } => Dtype::F16,
            _ => Dtype::F32,
        }
    }
}

/// Whether `after` is `before`, as it is or rounded to 16 bits: a model saved in fewer bits is not
/// a trained one.
pub(crate) fn is_same(before: &[f32], after: &[f32]) -> bool {
    let all =
        |round: fn(f32) -> f32| before.iter().zip(after).all(|(&old, &new)| round(old) == new);
    all(|x| x) || all(|x| bf16::from_f32(x).to_f32()) || all(|x| f16::from_f32(x).to_f32())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_format_is_exact() {
        let check = |values: &[f32], expected: Dtype| {
            let mut narrowest = Narrowest::new();
            narrowest.see(values);
            assert_eq!(narrowest.dtype(), expected, "{values:?}");
        };
        check(&[0.0, 1.0, -0.5], Dtype::Bf16);
        check(&[1e30], Dtype::F32);
        check(&[bf16::from_f32(1e30).to_f32()], Dtype::Bf16);
        check(&[1.0 + 1.0 / 1024.0], Dtype::F16);
        check(&[0.1], Dtype::F32);
    }

    #[test]
    fn rounding_is_no_change() {
        let before = [0.1, 0.2, -3.7];
        assert!(is_same(&before, &before));
        assert!(is_same(&before, &before.map(|x| bf16::from_f32(x).to_f32())));
        assert!(is_same(&before, &before.map(|x| f16::from_f32(x).to_f32())));
        assert!(!is_same(&before, &[0.1, 0.2001, -3.7]));
    }
}
