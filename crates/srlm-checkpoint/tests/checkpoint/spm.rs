//! A SentencePiece vocabulary from GGUF against sentencepiece, made by
//! `tests/fixtures/make_spm.py`.

use srlm_checkpoint::{Checkpoint, TextStream};

use crate::models::{fixture, ids, json};

/// Text that spells a special token becomes it, as in transformers; sentencepiece itself never does
/// that.
fn spells_special(text: &str) -> bool {
    text.contains("<s>")
}

#[test]
fn tokens_are_those_of_sentencepiece() {
    let tokenizer = Checkpoint::open(&fixture("spm.gguf")).unwrap().tokenizer;
    let cases = json(&fixture("spm.json"));
    for case in cases["cases"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        if spells_special(text) {
            continue;
        }
        let expected = ids(&case["ids"]);
        assert_eq!(tokenizer.encode(text, false).unwrap(), expected, "{text:?}");
        let with_bos = [&[1], expected.as_slice()].concat();
        assert_eq!(tokenizer.encode(text, true).unwrap(), with_bos, "{text:?}");
        assert_eq!(tokenizer.decode(&with_bos, true).unwrap(), text);
        let mut stream = tokenizer.stream();
        let mut streamed: String = with_bos.iter().map(|id| stream.push(*id)).collect();
        streamed += &stream.finish();
        assert_eq!(streamed, text);
    }
}

#[test]
fn special_tokens_in_text_are_special() {
    let tokenizer = Checkpoint::open(&fixture("spm.gguf")).unwrap().tokenizer;
    let ids = tokenizer.encode("the<s>the", false).unwrap();
    assert_eq!(ids.iter().filter(|id| **id == 1).count(), 1);
    let pieces = |take_in: fn(&mut TextStream, u32) -> String| -> String {
        let mut stream = tokenizer.stream();
        ids.iter().map(|id| take_in(&mut stream, *id)).collect()
    };
    assert_eq!(pieces(TextStream::push), tokenizer.decode(&ids, true).unwrap());
    assert_eq!(pieces(TextStream::push_any), tokenizer.decode(&ids, false).unwrap());
}
