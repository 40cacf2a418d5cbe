//! What people and programs see while the run goes on.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use srlm_artifact::Progress;

/// Without a terminal a stage says how far it is this often.
const QUIET: Duration = Duration::from_secs(30);

/// Prints progress: a bar on a terminal, a line now and then elsewhere, events with `--json`.
pub(crate) struct Console {
    json: bool,
    bars: bool,
    /// Says nothing to people.
    silent: bool,
    interrupt: Arc<AtomicBool>,
    task: RefCell<Option<Task>>,
}

struct Task {
    name: String,
    bar: ProgressBar,
    started: Instant,
    said: Instant,
    first_done: Option<u64>,
}

impl Console {
    pub(crate) fn new(json: bool, interrupt: Arc<AtomicBool>) -> Self {
        let bars = !json && std::io::stderr().is_terminal();
        Self { json, bars, silent: false, interrupt, task: RefCell::new(None) }
    }

    /// One that prints nothing, for other programs.
    pub(crate) fn silent() -> Self {
        let interrupt = Arc::default();
        Self { json: false, bars: false, silent: true, interrupt, task: RefCell::new(None) }
    }

    /// One event a line on standard output, with `--json`.
    pub(crate) fn event(&self, event: &str, fields: Value) {
        if self.json {
            let mut line = json!({ "event": event });
            if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
                line.extend(fields);
            }
            println!("{line}");
        }
    }

    /// A line for people.
    pub(crate) fn say(&self, line: &str) {
        match self.task.borrow().as_ref() {
            _ if self.silent => {}
            Some(task) if self.bars => task.bar.suspend(|| eprintln!("{line}")),
            _ => eprintln!("{line}"),
        }
    }

    /// Begins a stage.
    pub(crate) fn begin(&self, name: &str) {
        self.event("stage_started", json!({ "stage": name }));
        let bar = if self.bars { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template(
            "{prefix:<22} {bar:24} {pos}/{len} {msg} {elapsed} eta {eta}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        if self.bars {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        let now = Instant::now();
        let task = Task { name: name.to_owned(), bar, started: now, said: now, first_done: None };
        *self.task.borrow_mut() = Some(task);
    }

    /// Takes in progress; breaks when the user asked to stop.
    pub(crate) fn progress(&self, progress: Progress, note: &str) -> ControlFlow<()> {
        let Progress { done, total, unit, tokens } = progress;
        if let Some(task) = self.task.borrow_mut().as_mut() {
            let first = *task.first_done.get_or_insert(done.saturating_sub(1));
            let seconds = task.started.elapsed().as_secs_f64().max(1e-3);
            let rate = if tokens > 0 {
                format!(" {:.0} tok/s", tokens as f64 / seconds)
            } else {
                String::new()
            };
            let note = if note.is_empty() { String::new() } else { format!(" {note}") };
            task.bar.set_length(total);
            task.bar.set_position(done);
            task.bar.set_message(format!("{unit}{rate}{note}"));
            if !self.bars && !self.json && !self.silent && task.said.elapsed() >= QUIET {
                task.said = Instant::now();
                let left =
                    seconds / (done - first).max(1) as f64 * total.saturating_sub(done) as f64;
                eprintln!(
                    "{:<22} {done}/{total} {unit}{rate}{note}, about {} left",
                    task.name,
                    duration(left)
                );
            }
            let fields = json!({ "stage": task.name, "done": done, "total": total, "unit": unit, "tokens": tokens });
            self.event("progress", fields);
        }
        if self.interrupt.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Ends a stage with one line.
    pub(crate) fn end(&self, summary: &str) {
        let Some(task) = self.task.borrow_mut().take() else { return };
        task.bar.finish_and_clear();
        let seconds = task.started.elapsed().as_secs_f64();
        if !self.silent {
            eprintln!("{:<22} {summary} ({})", task.name, duration(seconds));
        }
        self.event(
            "stage_finished",
            json!({ "stage": task.name, "summary": summary, "seconds": seconds }),
        );
    }

    /// Drops the bar of a stage that failed.
    pub(crate) fn abandon(&self) {
        if let Some(task) = self.task.borrow_mut().take() {
            task.bar.finish_and_clear();
        }
    }

    /// Set by Ctrl-C.
    pub(crate) fn interrupt(&self) -> Arc<AtomicBool> {
        self.interrupt.clone()
    }
}

/// `42s`, `3m 20s`, `1h 05m`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match s {
        0..60 if seconds < 10.0 => format!("{seconds:.1}s"),
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        _ => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
    }
}
