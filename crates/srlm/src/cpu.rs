//! Which instructions the CPU kernels use.

use srlm_kernels::Cpu;

use crate::exit::{Exit, OrExit};

/// What `runtime.cpu` says where nothing was chosen.
pub(crate) const AUTO: &str = "auto";

/// Follows `SRLM_CPU`, where it is set.
pub(crate) fn follow_environment() -> anyhow::Result<()> {
    match std::env::var("SRLM_CPU") {
        Ok(name) if !name.is_empty() => select("SRLM_CPU", &name),
        _ => Ok(()),
    }
}

/// Follows `runtime.cpu`; `auto` leaves it to the environment and to what the processor has.
pub(crate) fn follow_configuration(name: &str) -> anyhow::Result<()> {
    if name == AUTO { Ok(()) } else { select("runtime.cpu", name) }
}

fn select(key: &str, name: &str) -> anyhow::Result<()> {
    let selected = Cpu::named(name).and_then(Cpu::select);
    selected.map_err(|error| anyhow::anyhow!("{key}: {error}")).or_exit(Exit::Config)
}
