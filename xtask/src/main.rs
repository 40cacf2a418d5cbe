//! `cargo xtask`: the program `srlm`, run from its checkout.

use std::process::ExitCode;

// Training gives back and asks for large buffers all the time; the system's allocator returns each
// to the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    srlm::main("cargo xtask")
}
