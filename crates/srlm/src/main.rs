//! The srlm command line. `srlm iterate` runs the whole self-rewarding loop.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: srlm_allocator::Allocator = srlm_allocator::Allocator;

fn main() -> ExitCode {
    srlm_allocator::keep_memory();
    srlm::main("srlm")
}
