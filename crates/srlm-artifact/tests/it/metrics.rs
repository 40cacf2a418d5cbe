//! The training curve.

use std::fs;
use std::io::Write;

use insta::assert_snapshot;
use srlm_artifact::{MetricsRow, append_metric, read_metrics, write_metrics};

use crate::samples::{metrics, text};

#[test]
fn steps_can_be_added_one_by_one() {
    let [one, all] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for row in metrics() {
        append_metric(one.path(), &row).unwrap();
    }
    write_metrics(all.path(), &metrics()).unwrap();
    let [one, all] = [one, all].map(|dir| fs::read(dir.path().join("metrics.jsonl")).unwrap());
    assert_eq!(one, all);
}

#[test]
fn a_torn_line_is_dropped_before_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.jsonl");
    let rows = metrics();
    append_metric(dir.path(), &rows[0]).unwrap();
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"step\":2,\"ep")
        .unwrap();
    assert!(read_metrics(dir.path()).is_err());
    append_metric(dir.path(), &rows[1]).unwrap();
    assert_eq!(read_metrics(dir.path()).unwrap(), rows);
}

#[test]
fn bad_steps_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let write = |row| text(&write_metrics(dir.path(), &[row]).unwrap_err(), dir.path());
    assert_snapshot!(write(MetricsRow { step: 4, rewards_margins: Some(f64::INFINITY), ..MetricsRow::default() }), @"cannot write the row with step 4: `rewards/margins` is inf, which JSON cannot hold");
    assert_snapshot!(write(MetricsRow::default()), @"cannot write the row with step 0: `step` is 0; steps count from 1");
    let row = &metrics()[0];
    write_metrics(dir.path(), &[row.clone(), row.clone()]).unwrap();
    assert_snapshot!(text(&read_metrics(dir.path()).unwrap_err(), dir.path()), @"duplicate row at metrics.jsonl:2: step 1 is also on line 1");
}
