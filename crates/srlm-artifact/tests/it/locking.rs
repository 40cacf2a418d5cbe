//! Two processes, one folder.

use std::path::Path;
use std::process::Command;

use srlm_artifact::{Begin, Error, Prompts, RunLock, begin};

use crate::samples::{self, recipe, text, writer};

const RUN: &str = "SRLM_TEST_LOCKED_RUN";

fn second_process(test: &str, run: &Path) -> String {
    let arguments = [&format!("locking::{test}"), "--exact", "--nocapture"];
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env(RUN, run)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_second_process_is_told_who_is_at_work() {
    const TEST: &str = "a_second_process_is_told_who_is_at_work";
    if let Some(run) = std::env::var_os(RUN) {
        let run = Path::new(&run);
        match RunLock::acquire(run) {
            Ok(_) => eprintln!("run: free"),
            Err(error) => eprintln!("run: {}", text(&error, run.parent().unwrap())),
        }
        match begin::<Prompts>(&run.join("prompts"), recipe()) {
            Ok(_) => eprintln!("prompts: free"),
            Err(error) => eprintln!("prompts: {}", text(&error, run)),
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let me = std::process::id();

    let lock = RunLock::acquire(&run).unwrap();
    let prompts = writer::<Prompts>(&run.join("prompts"), recipe());
    let said = second_process(TEST, &run);
    let expected = format!(
        "run: run is in use by process {me}; wait for it to end, or stop it, and run again"
    );
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains(&format!("prompts: prompts is in use by process {me};")), "{said}");

    drop((lock, prompts));
    let said = second_process(TEST, &run);
    assert!(said.contains("run: free") && said.contains("prompts: free"), "{said}");
}

#[test]
fn a_second_handle_is_refused_until_the_first_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    let first = writer::<Prompts>(&out, recipe());
    assert!(matches!(begin::<Prompts>(&out, recipe()), Err(Error::Locked { .. })));
    drop(first);
    assert!(matches!(begin::<Prompts>(&out, recipe()), Ok(Begin::Write(_))));
}

#[test]
fn what_is_complete_can_be_opened_by_many() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    samples::write::<Prompts>(&out, samples::prompts());
    let [first, second] = [(); 2].map(|()| begin::<Prompts>(&out, recipe()).unwrap());
    assert!(matches!((first, second), (Begin::UpToDate(_), Begin::UpToDate(_))));
}

#[test]
fn a_lock_is_held_by_one_of_many_threads() {
    let dir = tempfile::tempdir().unwrap();
    let n_inside = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let Ok(_lock) = RunLock::acquire(dir.path()) else { continue };
                    assert_eq!(n_inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    n_inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                }
            });
        }
    });
}
