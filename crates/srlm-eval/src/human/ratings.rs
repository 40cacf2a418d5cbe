//! What a rater saved, checked against the key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use srlm_artifact::parse_row;

use super::Key;
use crate::Error;

/// What a rater says of a comparison, by the places on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Answer 1 is better.
    First,
    /// Answer 2 is better.
    Second,
    /// Both are equally good.
    Tie,
    /// Both are bad.
    BothBad,
    /// The rater gives no verdict.
    Skip,
}

/// One rating.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rating {
    /// The comparison's id on the page.
    pub item: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the rater wrote, which may be nothing.
    pub note: String,
}

/// The ratings of one rater.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaterFile {
    /// The file, for messages.
    pub path: PathBuf,
    /// The rater's name.
    pub rater: String,
    /// One a comparison at most.
    pub ratings: Vec<Rating>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: String,
    study: String,
    rater: String,
    ratings: Vec<RawRating>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRating {
    item: String,
    verdict: Value,
    #[serde(default)]
    note: String,
    /// Time on the comparison, which the page saves for people to look at.
    #[serde(default, rename = "seconds")]
    _seconds: Option<f64>,
}

/// What results call their form.
const FORMAT: &str = "srlm-human-ratings-1";

/// Reads results of the page that `key` belongs to, a file a rater.
///
/// # Errors
/// [`Error::Io`]; [`Error::Artifact`] and [`Error::Row`] name file, rating, key and remedy: results
/// of another page, a comparison that is not on it or twice in a file, an unknown verdict, a rater
/// without a name or in two files.
pub fn read_ratings(paths: &[PathBuf], key: &Key) -> Result<Vec<RaterFile>, Error> {
    let mut files: Vec<RaterFile> = Vec::new();
    for path in paths {
        let file = read_one(path, key)?;
        if let Some(other) = files.iter().find(|other| other.rater == file.rater) {
            let problem = format!("is {:?} as in {}", file.rater, other.path.display());
            let remedy =
                "give the newest file of each rater only, or tell the raters apart by name";
            return Err(Error::Row {
                place: path.clone(),
                key: "rater".to_owned(),
                problem,
                remedy,
            });
        }
        files.push(file);
    }
    Ok(files)
}

fn read_one(path: &Path, key: &Key) -> Result<RaterFile, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let raw: RawFile = parse_row(&text, path, 1)?;
    let bad = |place: String, key: &str, problem: String, remedy| {
        let place = PathBuf::from(format!("{}{place}", path.display()));
        Err(Error::Row { place, key: key.to_owned(), problem, remedy })
    };
    if raw.format != FORMAT {
        let remedy = "give a file that the page's button Download results saved";
        return bad(
            String::new(),
            "format",
            format!("is {:?}, not {FORMAT:?}", raw.format),
            remedy,
        );
    }
    if raw.study != key.study {
        let problem = format!("is {:?}, the key's is {:?}", raw.study, key.study);
        return bad(
            String::new(),
            "study",
            problem,
            "give the key that was written with this rater's page",
        );
    }
    if raw.rater.trim().is_empty() {
        return bad(
            String::new(),
            "rater",
            "is blank".to_owned(),
            "write the rater's name into the file",
        );
    }
    let known = key.by_item();
    let mut seen = BTreeSet::new();
    let mut ratings = Vec::new();
    for (i, raw) in raw.ratings.into_iter().enumerate() {
        let place = format!(" rating {}", i + 1);
        if !known.contains_key(raw.item.as_str()) {
            let remedy = "remove the rating, or give the key of its page";
            return bad(
                place,
                "item",
                format!("is {:?}, which is not on the page", raw.item),
                remedy,
            );
        }
        if !seen.insert(raw.item.clone()) {
            return bad(
                place,
                "item",
                format!("is {:?} for the second time", raw.item),
                "keep one of the two ratings",
            );
        }
        let Ok(verdict) = serde_json::from_value(raw.verdict.clone()) else {
            let remedy = "write first, second, tie, both_bad or skip";
            return bad(place, "verdict", format!("is {}", raw.verdict), remedy);
        };
        ratings.push(Rating { item: raw.item, verdict, note: raw.note });
    }
    Ok(RaterFile { path: path.to_owned(), rater: raw.rater.trim().to_owned(), ratings })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::human::study::tests::two;
    use crate::human::{StudyConfig, study};

    #[test]
    fn whatever_does_not_fit_the_key_is_named() {
        let (a, b) = two(3);
        let key = study(&a, &b, &StudyConfig::default()).unwrap().key;
        let folder = tempfile::tempdir().unwrap();
        let (item, other) = (key.items[0].item.as_str(), key.items[1].item.as_str());
        let file = |study: &str, rater: &str, ratings: Value| {
            json!({ "format": FORMAT, "study": study, "rater": rater, "ratings": ratings })
                .to_string()
        };
        let read = |texts: &[String]| {
            let write = |(i, text): (usize, &String)| {
                let path = folder.path().join(format!("{i}.json"));
                std::fs::write(&path, text).unwrap();
                path
            };
            let paths: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
            read_ratings(&paths, &key)
                .map_err(|e| e.to_string().replace(&folder.path().display().to_string(), ""))
        };
        let good = |rater| {
            file(&key.study, rater, json!([{ "item": item, "verdict": "first", "seconds": 3.5 }]))
        };
        assert_eq!(read(&[good("anna"), good("ben")]).unwrap().len(), 2);
        let check = |texts: &[String], expected: &str| {
            let error = read(texts).unwrap_err();
            assert!(error.contains(expected), "{error} has no {expected}");
        };
        check(&[good("anna"), good("anna")], "/1.json: `rater` is \"anna\" as in /0.json");
        check(&[file("other", "anna", json!([]))], "/0.json: `study` is \"other\"");
        check(&[file(&key.study, " ", json!([]))], "`rater` is blank; write");
        let twice =
            json!([{ "item": other, "verdict": "tie" }, { "item": other, "verdict": "skip" }]);
        check(
            &[file(&key.study, "anna", twice)],
            &format!("/0.json rating 2: `item` is {other:?} for the second time"),
        );
        let unknown = json!([{ "item": item, "verdict": "left" }]);
        check(
            &[file(&key.study, "anna", unknown)],
            "rating 1: `verdict` is \"left\"; write first, second",
        );
        let absent = json!([{ "item": "00", "verdict": "tie" }]);
        check(
            &[file(&key.study, "anna", absent)],
            "rating 1: `item` is \"00\", which is not on the page",
        );
        check(&["{}".to_owned()], "0.json");
    }
}
