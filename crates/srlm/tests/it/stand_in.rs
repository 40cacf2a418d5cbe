//! Servers whose models judge by construction: what they say of a response is in the response.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

/// The judges, by their models' names.
pub(crate) const JUDGES: [&str; 5] = ["perfect", "reversed", "constant", "random", "silent"];

/// The address of a server with all judges.
pub(crate) fn server() -> String {
    serving(&JUDGES, said)
}

/// The address of a server of these models that answers what `said` makes of a request; it lives as
/// long as the process.
pub(crate) fn serving(models: &'static [&'static str], said: fn(&Value) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap(), models, said));
        }
    });
    address
}

fn serve(mut stream: TcpStream, models: &[&str], said: fn(&Value) -> String) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        reader.read_line(&mut head).unwrap();
        match head[start..].to_ascii_lowercase().trim() {
            "" => break,
            line => {
                length = line
                    .strip_prefix("content-length:")
                    .map_or(length, |n| n.trim().parse().unwrap())
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = match serde_json::from_slice::<Value>(&body) {
        Ok(request) => json!({
            "choices": [{ "message": { "content": said(&request) }, "finish_reason": "stop" }],
            "usage": { "completion_tokens": 9 },
        }),
        Err(_) => {
            json!({ "data": models.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() })
        }
    };
    let answer = answer.to_string();
    let head =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
    stream.write_all((head + &answer).as_bytes()).unwrap();
}

/// The worths that responses state as `Worth 4.`, in the order of the rubric.
fn worths(text: &str) -> Vec<i64> {
    text.split("Worth ").skip(1).map(|rest| rest[..1].parse().unwrap()).collect()
}

fn said(request: &Value) -> String {
    let text = request["messages"][0]["content"].as_str().unwrap();
    let noise = request["seed"].as_u64().unwrap_or_default() >> 7;
    let value = |worth: i64| match request["model"].as_str().unwrap() {
        "perfect" => worth,
        "reversed" => 6 - worth,
        "random" => (noise.wrapping_mul(0x9e37_79b9) >> 8) as i64 % 6,
        _ => 3,
    };
    let is_silent = request["model"] == "silent";
    match (worths(text).as_slice(), is_silent) {
        (_, true) => "I would rather not say.".to_owned(),
        (&[worth], _) => format!("It says so itself.\nScore: {}", value(worth)),
        (&[a, b], _) => match (request["model"] == "random", value(a).cmp(&value(b))) {
            (true, _) => format!("Verdict: {}", if value(a) < 3 { "A" } else { "B" }),
            // The constant judge takes what stands first.
            (_, std::cmp::Ordering::Less) => "Verdict: B".to_owned(),
            _ => "Verdict: A".to_owned(),
        },
        (found, _) => panic!("{} responses in {text}", found.len()),
    }
}
