//! `cargo xtask`: the program `srlm`, run from its checkout; and `cargo xtask metrics`.

mod metrics;

use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: srlm_allocator::Allocator = srlm_allocator::Allocator;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program tells what it found")]
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("metrics") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        return match metrics::table(&root) {
            Ok(table) => {
                print!("{table}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("error: cannot read the sources: {error}");
                ExitCode::FAILURE
            }
        };
    }
    srlm_allocator::keep_memory();
    srlm::main("cargo xtask")
}
