//! What the system says of this process, and what `SRLM_CPU` asks of it.

use srlm_kernels::{Cpu, CpuError};

/// Keeps the kernels to the instructions that `SRLM_CPU` names.
pub(crate) fn follow_environment() -> Result<(), CpuError> {
    Cpu::named(&std::env::var("SRLM_CPU").unwrap_or_else(|_| "auto".to_owned()))?.select()
}

/// Largest resident memory so far, in MiB; 0 where the system does not say.
pub(crate) fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
