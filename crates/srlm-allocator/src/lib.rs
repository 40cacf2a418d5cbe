#![doc = include_str!("../README.md")]

pub use mimalloc::MiMalloc as Allocator;

/// Milliseconds after which memory goes back to the system. It has this number in versions 2 and 3
/// of mimalloc, where the binding does not name it: the one before `mi_option_use_numa_nodes`.
const PURGE_DELAY: i32 = libmimalloc_sys::mi_option_use_numa_nodes - 1;
/// For [`PURGE_DELAY`]: never.
const NEVER: i8 = -1;

/// Keeps freed memory for the next that is asked for, until the process ends.
///
/// `MIMALLOC_PURGE_DELAY`, where it is set, stands.
pub fn keep_memory() {
    #[expect(unsafe_code, reason = "the binding has no safe form")]
    // SAFETY: the call writes one number of a static table, which mimalloc reads atomically; the
    // option's number lies inside the table.
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, NEVER.into());
    }
}

/// Whether freed memory is kept.
pub fn keeps_memory() -> bool {
    #[expect(unsafe_code, reason = "the binding has no safe form")]
    // SAFETY: the call reads one number of a static table, inside of which the option lies.
    let delay = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
    delay == NEVER.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_memory_is_kept_unless_the_environment_says_otherwise() {
        // Cargo sets the variable for tests: what mimalloc made of it shows that the option is the
        // right one.
        let said = std::env::var("MIMALLOC_PURGE_DELAY").ok();
        assert_eq!(keeps_memory(), said.as_deref() == Some("-1"));
        keep_memory();
        assert_eq!(keeps_memory(), said.is_none_or(|said| said == "-1"));
    }
}
