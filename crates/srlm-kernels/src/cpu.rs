//! Which instructions the kernels use: the best that this processor has, or less where that is
//! asked for.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

/// A set of vector instructions, from what every processor of its kind has to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cpu {
    /// What the program was compiled for: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 with FMA: Intel Core since 2013, AMD since 2015.
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL: servers, AMD since Zen 4.
    Avx512,
}

/// Instructions that this processor lacks, or a name that is none of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuError {
    /// The processor has no such instructions.
    Missing {
        /// What was asked for.
        asked: Cpu,
        /// The best that there is.
        detected: Cpu,
    },
    /// No set has this name.
    Unknown {
        /// What was asked for.
        name: String,
    },
}

impl fmt::Display for CpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { asked, detected } => {
                write!(
                    f,
                    "this processor has no {asked} instructions; the best it has is {detected}"
                )
            }
            Self::Unknown { name } => {
                write!(f, "{name:?} is none of auto, avx512, avx2 and portable")
            }
        }
    }
}

impl std::error::Error for CpuError {}

/// Nothing was chosen yet.
const UNSET: u8 = u8::MAX;

static CURRENT: AtomicU8 = AtomicU8::new(UNSET);

impl Cpu {
    /// All sets, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The best that this processor has.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let has_avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if has_avx2 && has_avx512 {
                return Self::Avx512;
            }
            if has_avx2 {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// What the kernels of this process use.
    #[inline]
    pub fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            0 => Self::Portable,
            1 => Self::Avx2,
            2 => Self::Avx512,
            _ => Self::choose(Self::detected()),
        }
    }

    /// Makes the kernels of this process use these instructions and none beyond; `auto` in
    /// [`Cpu::named`] is the best that there is. Meant to be called once, at the start.
    ///
    /// # Errors
    /// [`CpuError::Missing`] where the processor lacks them.
    pub fn select(self) -> Result<(), CpuError> {
        let detected = Self::detected();
        if self > detected {
            return Err(CpuError::Missing { asked: self, detected });
        }
        Self::choose(self);
        Ok(())
    }

    /// The set with this name; `auto` is the best that this processor has.
    ///
    /// # Errors
    /// [`CpuError::Unknown`].
    pub fn named(name: &str) -> Result<Self, CpuError> {
        if name == "auto" { Ok(Self::detected()) } else { name.parse() }
    }

    fn choose(self) -> Self {
        CURRENT.store(self as u8, Ordering::Relaxed);
        self
    }
}

impl FromStr for Cpu {
    type Err = CpuError;

    fn from_str(name: &str) -> Result<Self, CpuError> {
        let found = Self::ALL.into_iter().find(|cpu| cpu.to_string() == name);
        found.ok_or_else(|| CpuError::Unknown { name: name.to_owned() })
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// Whether every processor that the program is compiled for has an instruction for `a b + c`.
pub(crate) const IS_FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// Compiles a function once for each set of instructions and calls the version of
/// [`Cpu::current`]. In its body, `FUSED` says whether `mul_add` is one instruction: elsewhere it
/// is a call into the mathematical library.
macro_rules! versions {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        #[cfg_attr(target_arch = "x86_64", expect(
            unsafe_code,
            reason = "a version is called only where its instructions were detected"
        ))]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
            fn avx512($($arg: $ty),*) $(-> $ret)? {
                #[allow(dead_code)]
                const FUSED: bool = true;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $ty),*) $(-> $ret)? {
                #[allow(dead_code)]
                const FUSED: bool = true;
                $body
            }
            fn portable($($arg: $ty),*) $(-> $ret)? {
                #[allow(dead_code)]
                const FUSED: bool = $crate::cpu::IS_FUSED;
                $body
            }
            match $crate::cpu::Cpu::current() {
                // SAFETY: `Cpu::current` is a set that `Cpu::detected` has found or one below it.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Cpu::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Cpu::Avx2 => unsafe { avx2($($arg),*) },
                _ => portable($($arg),*),
            }
        }
    };
}

pub(crate) use versions;

/// `a b + c`, rounded once where that is one instruction.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_sets_and_others_are_refused() {
        for cpu in Cpu::ALL {
            assert_eq!(Cpu::named(&cpu.to_string()), Ok(cpu));
        }
        assert_eq!(Cpu::named("auto"), Ok(Cpu::detected()));
        let unknown = Cpu::named("sse9").unwrap_err().to_string();
        assert_eq!(unknown, "\"sse9\" is none of auto, avx512, avx2 and portable");
    }
}
