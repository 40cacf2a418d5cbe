//! Samples that an interruption must not lose.

use std::fs;
use std::num::NonZeroUsize;

use srlm_generate::{Completion, Error, Generate, Input, Kept, Request, Scripted, generate_group};

use crate::server::{KEY, client, ok, request, server, told, whole};

/// Answers as it would, and fails at the sample of this number, from 0, over all calls.
struct FailsAt<G>(G, usize);

impl<G: Generate> Generate for FailsAt<G> {
    fn identity(&self) -> String {
        self.0.identity()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        let (left, mut n) = (self.1, 0);
        self.0.generate(requests, &mut |completion| {
            n += 1;
            if n <= left {
                on_completion(completion);
            }
        })?;
        self.1 = left.checked_sub(n).ok_or(Error::Interrupted)?;
        Ok(())
    }
}

fn requests() -> Vec<Request> {
    vec![request("a", vec![1, 2, 3]), request("b", vec![]), request("c", vec![4, 5])]
}

fn scripted(asked: &mut Vec<u64>) -> impl Generate {
    Scripted(|request: &Request, i: usize| {
        asked.push(request.seeds[i]);
        format!("{} {}\n", request.id, request.seeds[i])
    })
}

fn texts(samples: &[Vec<Completion>]) -> Vec<String> {
    samples
        .iter()
        .flatten()
        .map(|c| format!("{}.{} {}", c.request_index, c.sample_index, c.text))
        .collect()
}

#[test]
fn what_an_attempt_finished_is_not_asked_again() {
    let whole = generate_group(&mut scripted(&mut vec![]), &requests(), &mut |_| {}).unwrap();
    for n in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        let failed = generate_group(
            &mut Kept::new(FailsAt(scripted(&mut vec![]), n), path.clone()),
            &requests(),
            &mut |_| {},
        );
        assert_eq!(failed.is_err(), n < 5);
        let (mut asked, mut n_told) = (Vec::new(), 0);
        let resumed =
            generate_group(&mut Kept::new(scripted(&mut asked), path), &requests(), &mut |_| {
                n_told += 1
            });
        assert_eq!(texts(&resumed.unwrap()), texts(&whole));
        assert_eq!((asked, n_told), ([1, 2, 3, 4, 5][n.min(5)..].to_vec(), 5), "{n}");
    }
}

#[test]
fn a_sample_is_kept_for_its_own_request_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("samples.jsonl");
    let n_asked = |change: fn(&mut Request)| {
        let mut asked = Vec::new();
        let mut requests = requests();
        change(&mut requests[0]);
        generate_group(&mut Kept::new(scripted(&mut asked), path.clone()), &requests, &mut |_| {})
            .unwrap();
        asked.len()
    };
    assert_eq!(n_asked(|_| {}), 5);
    assert_eq!(n_asked(|_| {}), 0);
    assert_eq!(n_asked(|r| r.input = Input::Text("Twice".to_owned())), 3);
    assert_eq!(n_asked(|r| r.sampling.temperature = 0.1), 3);
    assert_eq!(n_asked(|r| r.seeds[2] = 9), 1);
    assert_eq!(n_asked(|r| r.seeds.push(6)), 1);
    assert_eq!(n_asked(|r| r.id = "z".to_owned()), 3);
    assert_eq!(n_asked(|_| {}), 0);
}

#[test]
fn one_wrapper_serves_group_after_group() {
    let dir = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    let mut kept = Kept::new(scripted(&mut asked), dir.path().join("samples.jsonl"));
    for group in [&requests()[..1], &requests()[1..], &requests()[..]] {
        generate_group(&mut kept, group, &mut |_| {}).unwrap();
    }
    drop(kept);
    assert_eq!(asked, [1, 2, 3, 4, 5]);
}

#[test]
fn a_group_that_was_not_finished_is_asked_whole() {
    let two = NonZeroUsize::new(2).unwrap();
    let whole = generate_group(&mut scripted(&mut vec![]), &requests(), &mut |_| {}).unwrap();
    for (n, asked_again) in
        [(0, &[1, 2, 3, 4, 5][..]), (2, &[1, 2, 3, 4, 5]), (3, &[4, 5]), (4, &[4, 5]), (5, &[])]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        let mut unseen = Vec::new();
        let mut first = Kept::in_groups(FailsAt(scripted(&mut unseen), n), path.clone(), two);
        assert_eq!(first.generate(&requests(), &mut |_| {}).is_err(), n < 5);
        let mut asked = Vec::new();
        let mut again = Kept::in_groups(scripted(&mut asked), path, two);
        let resumed = generate_group(&mut again, &requests(), &mut |_| {}).unwrap();
        drop(again);
        assert_eq!((texts(&resumed), &asked[..]), (texts(&whole), asked_again), "{n}");
    }
}

#[test]
fn samples_of_a_server_that_fails_are_kept_without_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("samples.jsonl");
    let (mut config, seen) =
        server(vec![whole(200, "", &ok("one")), whole(401, "", &format!("bad key {KEY}"))]);
    config.concurrency = 1;
    let attempt =
        || generate_group(&mut Kept::new(client(&config), path.clone()), &requests(), &mut |_| {});
    let error = attempt().unwrap_err();
    let n_asked = seen.lock().unwrap().len();
    let found = attempt().unwrap();
    assert_eq!(found[0][0].text, "one");
    // The one that failed is asked twice.
    assert_eq!(seen.lock().unwrap().len(), 6, "after {n_asked}");
    assert!(!fs::read_to_string(&path).unwrap().contains(KEY) && !told(&error).contains(KEY));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    let mut kept = Kept::new(scripted(&mut asked), dir.path().join("absent/samples.jsonl"));
    let error = kept.generate(&requests(), &mut |_| {}).unwrap_err();
    assert!(
        matches!(error, Error::File(_)) && told(&error).contains("absent/samples.jsonl"),
        "{error}"
    );
}
