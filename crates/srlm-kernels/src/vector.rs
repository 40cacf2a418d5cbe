//! Registers of several numbers, as the inner loop of products needs them.

/// A register of f32.
pub(crate) trait Vector: Copy {
    /// How many numbers it holds.
    const LANES: usize;

    fn zero() -> Self;

    fn splat(x: f32) -> Self;

    /// # Safety
    /// `from` points to `LANES` readable numbers.
    #[expect(unsafe_code, reason = "a pointer is read")]
    unsafe fn load(from: *const f32) -> Self;

    /// `self w + sum`.
    fn multiply_add(self, w: Self, sum: Self) -> Self;

    /// # Panics
    /// Where `to` is not as long as the register.
    fn store(self, to: &mut [f32]);
}

/// Four numbers that the compiler puts into a register where the target has one. On x86-64 SSE2 is
/// always there.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Plain([f32; 4]);

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Vector for Plain {
    const LANES: usize = 4;

    #[inline(always)]
    fn zero() -> Self {
        Self([0.0; 4])
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 4])
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "a pointer is read")]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    fn multiply_add(self, w: Self, sum: Self) -> Self {
        Self(std::array::from_fn(|i| {
            crate::cpu::multiply_add::<{ crate::cpu::IS_FUSED }>(self.0[i], w.0[i], sum.0[i])
        }))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to.copy_from_slice(&self.0);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128, __m256, __m512, _mm_add_ps, _mm_loadu_ps, _mm_mul_ps, _mm_set1_ps, _mm_setzero_ps,
        _mm_storeu_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps,
        _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
        _mm512_storeu_ps,
    };

    use super::Vector;

    /// Only code that was compiled for the instructions calls these, so that they are inlined.
    macro_rules! register {
        ($register:ty, $lanes:literal, $zero:ident, $splat:ident, $load:ident, $store:ident,
            |$x:ident, $w:ident, $sum:ident| $multiply_add:expr) => {
            #[expect(unsafe_code, reason = "vector instructions; callers have found them")]
            // SAFETY: tiles of this register run only where its instructions were detected, and
            // lengths are checked.
            impl Vector for $register {
                const LANES: usize = $lanes;

                #[inline(always)]
                fn zero() -> Self {
                    unsafe { $zero() }
                }

                #[inline(always)]
                fn splat(x: f32) -> Self {
                    unsafe { $splat(x) }
                }

                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    unsafe { $load(from) }
                }

                #[inline(always)]
                fn multiply_add(self, w: Self, sum: Self) -> Self {
                    let ($x, $w, $sum) = (self, w, sum);
                    unsafe { $multiply_add }
                }

                #[inline(always)]
                fn store(self, to: &mut [f32]) {
                    assert_eq!(to.len(), $lanes);
                    unsafe { $store(to.as_mut_ptr(), self) }
                }
            }
        };
    }

    register!(__m128, 4, _mm_setzero_ps, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, |x, w, sum| {
        _mm_add_ps(_mm_mul_ps(x, w), sum)
    });
    register!(
        __m256,
        8,
        _mm256_setzero_ps,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        |x, w, sum| _mm256_fmadd_ps(x, w, sum)
    );
    register!(
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        |x, w, sum| _mm512_fmadd_ps(x, w, sum)
    );
}
