//! From `--device` to a Burn device: the one place that picks a backend.

use anyhow::bail;
use burn::tensor::Device;

use crate::exit::{Exit, OrExit};

/// A device and the name under which manifests know it.
pub(crate) struct NamedDevice {
    pub(crate) device: Device,
    pub(crate) name: String,
}

/// `cpu`, `cuda`, `cuda:N` or `wgpu`.
pub(crate) fn open(name: &str) -> anyhow::Result<NamedDevice> {
    let device = match name.split_once(':').unwrap_or((name, "")) {
        ("cpu", "") => cpu(),
        ("cuda", index) => index_of(index).and_then(cuda),
        ("wgpu", "") => wgpu(),
        _ => Err(anyhow::anyhow!("no device {name:?}: use cpu, cuda, cuda:N or wgpu"))
            .or_exit(Exit::Config),
    };
    Ok(NamedDevice {
        device: device?,
        name: if name == "cpu" {
            format!("cpu ({})", srlm_kernels::Cpu::current())
        } else {
            name.to_owned()
        },
    })
}

fn index_of(text: &str) -> anyhow::Result<usize> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| anyhow::anyhow!("cuda:{text}: the index must be a number"))
        .or_exit(Exit::Config)
}

#[cfg(feature = "flex")]
fn cpu() -> anyhow::Result<Device> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn cpu() -> anyhow::Result<Device> {
    not_built("cpu", "flex")
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> anyhow::Result<Device> {
    usable(Device::cuda(index), &format!("cuda:{index}"), "an NVIDIA card and its driver (libcuda)")
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> anyhow::Result<Device> {
    not_built("cuda", "cuda")
}

#[cfg(feature = "wgpu")]
fn wgpu() -> anyhow::Result<Device> {
    usable(
        Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        "wgpu",
        "a Vulkan or Metal driver",
    )
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> anyhow::Result<Device> {
    not_built("wgpu", "wgpu")
}

/// The device, if it computes. Backends panic where the driver or the card is missing; this is
/// where that is caught.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn usable(device: Device, name: &str, needs: &str) -> anyhow::Result<Device> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let computes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        burn::tensor::Tensor::<1>::ones([1], &device).into_data();
    }));
    std::panic::set_hook(hook);
    let refuse = || -> anyhow::Result<Device> {
        bail!("{name} cannot be used on this machine: it needs {needs}")
    };
    if computes.is_ok() { Ok(device) } else { refuse().or_exit(Exit::Device) }
}

#[allow(dead_code, reason = "used by the backends that are not built in")]
fn not_built(device: &str, feature: &str) -> anyhow::Result<Device> {
    let refuse = || -> anyhow::Result<Device> {
        match crate::program::name() {
            "cargo xtask" => {
                bail!("{device} is not built in: run `cargo xtask-{feature} ...` instead")
            }
            _ => bail!("{device} is not built in: install srlm with `--features {feature}`"),
        }
    };
    refuse().or_exit(Exit::Device)
}
