//! Requests and results in files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use srlm_artifact::Message;
use srlm_generate::{
    BatchReader, BatchWriter, Completion, Error, Generate, Input, Request, generate_group,
};

use crate::server::{KEY, client, request, server, told};

fn requests() -> Vec<Request> {
    let mut chat = request("b/0", vec![3]);
    chat.input = Input::Chat(vec![Message::user("Hi")]);
    chat.top_logprobs = 2;
    vec![request("a", vec![1, 2]), chat]
}

/// Writes the requests without a result, and gives the lines.
fn emit(requests: &[Request], results: &[PathBuf], path: PathBuf) -> Vec<Value> {
    let results = BatchReader::open("tiny".to_owned(), results).unwrap();
    match BatchWriter::new(results, path.clone()).generate(requests, &mut |_| panic!("handed over"))
    {
        Err(Error::Emitted { path: at, n }) => {
            let lines: Vec<Value> = fs::read_to_string(&at)
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!((at, n), (path, lines.len()));
            lines
        }
        other => panic!("{other:?}"),
    }
}

/// What a server without faults would answer.
fn answer(line: &Value) -> Value {
    let choice = json!({ "index": 0, "text": "fine", "message": { "role": "assistant", "content": "fine" },
        "finish_reason": "stop", "logprobs": { "content": [{ "token": "fine", "top_logprobs": [] }] } });
    let body = json!({ "id": "x", "choices": [choice], "usage": { "completion_tokens": 1 } });
    json!({ "id": "y", "custom_id": line["custom_id"], "error": null,
        "response": { "status_code": 200, "request_id": "z", "body": body } })
}

fn write(path: &Path, lines: &[Value]) -> PathBuf {
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path.to_owned()
}

fn ingest(requests: &[Request], results: &[PathBuf]) -> Result<Vec<Vec<Completion>>, Error> {
    let mut reader = BatchReader::open("tiny".to_owned(), results)?;
    assert_eq!(reader.identity(), "tiny");
    generate_group(&mut reader, requests, &mut |_| {})
}

#[test]
fn a_line_is_what_the_server_would_be_sent() {
    let dir = tempfile::tempdir().unwrap();
    let lines = emit(&requests(), &[], dir.path().join("requests.jsonl"));
    insta::assert_snapshot!(lines[2].to_string(), @r#"{"custom_id":"b/0/0/73080b8ee546351c","method":"POST","url":"/v1/chat/completions","body":{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":3,"n":1,"stream":false,"logprobs":true,"top_logprobs":2}}"#);
    let (config, seen) = server(vec![]);
    let mut client = client(&config);
    client.generate(&requests(), &mut |_| {}).unwrap();
    let seen = seen.lock().unwrap();
    let sent = |line: &Value| {
        let url = line["url"].as_str().unwrap();
        let is_it = |(head, body): &&(String, String)| {
            head.starts_with(&format!("POST {url} "))
                && serde_json::from_str::<Value>(body).unwrap() == line["body"]
        };
        seen.iter().filter(is_it).count()
    };
    assert_eq!(lines.iter().map(sent).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(client.identity(), BatchReader::open("tiny".to_owned(), &[]).unwrap().identity());
    assert!(!fs::read_to_string(dir.path().join("requests.jsonl")).unwrap().contains(KEY));
}

#[test]
fn results_come_back_to_their_samples_in_any_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut lines: Vec<_> =
        emit(&requests(), &[], dir.path().join("requests.jsonl")).iter().map(answer).collect();
    for (i, line) in lines.iter_mut().enumerate() {
        let choice = &mut line["response"]["body"]["choices"][0];
        (choice["text"], choice["message"]["content"]) =
            (i.to_string().into(), i.to_string().into());
    }
    lines.reverse();
    lines.push(answer(&json!({ "custom_id": "stranger" })));
    let samples = ingest(&requests(), &[write(&dir.path().join("results.jsonl"), &lines)]).unwrap();
    let texts: Vec<_> = samples
        .iter()
        .flatten()
        .map(|c| (c.request_index, c.sample_index, c.text.as_str()))
        .collect();
    assert_eq!(texts, [(0, 0, "0"), (0, 1, "1"), (1, 0, "2")]);
    assert_eq!(samples.iter().flatten().map(|c| c.tokens.len()).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn what_failed_is_named_and_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let lines = emit(&requests(), &[], dir.path().join("requests.jsonl"));
    let mut results: Vec<_> = lines.iter().map(answer).collect();
    results[0]["response"] =
        json!({ "status_code": 429, "body": { "error": { "message": "slow down" } } });
    results[2]["response"]["body"]["choices"] = json!([]);
    let first = write(&dir.path().join("first.jsonl"), &results);
    let error = ingest(&requests(), std::slice::from_ref(&first)).unwrap_err();
    insta::assert_snapshot!(error, @r#"2 of 3 samples have no result (2 failed): a/0 (status 429 {"error":{"message":"slow down"}}), b/0/0 (its answer has no choices); write the requests again with these results at hand: only those without one are written"#);

    let again = emit(&requests(), std::slice::from_ref(&first), dir.path().join("again.jsonl"));
    let ids =
        |lines: &[Value]| lines.iter().map(|line| line["custom_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&[lines[0].clone(), lines[2].clone()]));
    let second =
        write(&dir.path().join("second.jsonl"), &again.iter().map(answer).collect::<Vec<_>>());
    for files in [[first.clone(), second.clone()], [second, first]] {
        assert_eq!(ingest(&requests(), &files).unwrap().iter().flatten().count(), 3);
        let results = BatchReader::open("tiny".to_owned(), &files).unwrap();
        let mut writer = BatchWriter::new(results, dir.path().join("unused.jsonl"));
        assert_eq!(generate_group(&mut writer, &requests(), &mut |_| {}).unwrap().len(), 2);
    }
}

#[test]
fn results_of_other_requests_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let lines = emit(&requests(), &[], dir.path().join("requests.jsonl"));
    let results =
        write(&dir.path().join("results.jsonl"), &lines.iter().map(answer).collect::<Vec<_>>());
    let mut changed = requests();
    changed[0].sampling.temperature = 0.1;
    changed[1].id = "c".to_owned();
    insta::assert_snapshot!(ingest(&changed, &[results]).unwrap_err(), @"3 of 3 samples have no result (2 answer another request of the same id): a/0, a/1, c/0; write the requests again with these results at hand: only those without one are written");
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir.path().join("requests.jsonl"), &[json!("paid for")]);
    let mut writer =
        BatchWriter::new(BatchReader::open("tiny".to_owned(), &[]).unwrap(), path.clone());
    let error = told(&writer.generate(&requests(), &mut |_| {}).unwrap_err());
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(path).unwrap(), "\"paid for\"\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_batch_that_was_stopped_leaves_what_it_finished() {
    let dir = tempfile::tempdir().unwrap();
    let lines = emit(&requests(), &[], dir.path().join("requests.jsonl"));
    let path =
        write(&dir.path().join("results.jsonl"), &lines.iter().map(answer).collect::<Vec<_>>());
    let bytes = fs::read(&path).unwrap();
    for (cut, n_missing) in [(0, 0), (1, 0), (2, 1), (150, 1), (bytes.len(), 3)] {
        fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        let result = ingest(&requests(), std::slice::from_ref(&path));
        let found = result
            .map_or_else(|error| if let Error::NoResult { n, .. } = error { n } else { 9 }, |_| 0);
        assert_eq!(found, n_missing, "{cut}");
    }
}

#[test]
fn a_line_that_is_no_result_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(
        &dir.path().join("results.jsonl"),
        &[json!({ "custom_id": "a" }), json!({ "id": "b" })],
    );
    let error = told(&BatchReader::open("tiny".to_owned(), &[path]).unwrap_err());
    assert!(error.contains("results.jsonl:2") && error.contains("custom_id"), "{error}");
}
