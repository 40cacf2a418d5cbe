//! Folders that earlier versions wrote stay readable, with the rows that they had.

use std::path::PathBuf;

use srlm_artifact::{
    Artifact, Battles, Eft, Ift, Judgments, Kind, Model, Pairs, Prompts, RefLogps, Responses,
    Unpaired, read_metrics, verify_dir,
};

use crate::samples;

fn fixture(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/1.0").join(kind)
}

fn check<K: Kind<Row: PartialEq>>(expected: Vec<K::Row>) {
    let artifact = Artifact::<K>::open(&fixture(K::NAME)).unwrap();
    artifact.verify().unwrap();
    assert_eq!(artifact.rows().unwrap(), expected);
}

#[test]
fn format_1_0_is_read() {
    check::<Ift>(samples::ift());
    check::<Eft>(samples::eft());
    check::<Prompts>(samples::prompts());
    check::<Responses>(samples::responses());
    let judgments = samples::judgments().into_iter();
    check::<Judgments>(judgments.filter(|row| row.expected_score.is_none()).collect());
    check::<Battles>(samples::battles());
    check::<Pairs>(samples::pairs());
    check::<Unpaired>(samples::unpaired());
    check::<RefLogps>(samples::ref_logps());
    check::<Model>(Vec::new());
    assert_eq!(read_metrics(&fixture(Model::NAME)).unwrap(), samples::metrics());
}

#[test]
fn evaluations_of_format_1_are_refused_with_what_to_do() {
    let error = verify_dir(&fixture("eval")).unwrap_err().to_string();
    assert!(
        error.contains("1.0") && error.contains("2.0") && error.contains("make it again"),
        "{error}"
    );
}
