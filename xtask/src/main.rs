//! `cargo xtask`: the program `srlm`, run from its checkout.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: srlm_allocator::Allocator = srlm_allocator::Allocator;

fn main() -> ExitCode {
    srlm_allocator::keep_memory();
    srlm::main("cargo xtask")
}
