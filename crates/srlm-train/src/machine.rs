//! Where training runs.

use burn::tensor::Device;
use srlm_settings::TrainRuntime;

/// Where and how a stage computes; none of it changes the result beyond rounding.
pub struct Machine<'a> {
    /// A device without autodiff.
    pub device: &'a Device,
    /// Its name in the manifest.
    pub device_name: &'a str,
    /// Devices, without autodiff, that share the passes of a training step with it.
    pub more_devices: &'a [Device],
    /// Sizes of passes.
    pub runtime: &'a TrainRuntime,
}
