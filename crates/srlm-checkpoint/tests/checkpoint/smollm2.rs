//! SmolLM2-135M-Instruct against transformers, tokenizers, jinja2 and llama.cpp.

use srlm_artifact::Message;
use srlm_checkpoint::Checkpoint;

use crate::models::{ids, json, smollm2, vectors};

#[test]
fn tokens_are_those_of_tokenizers_and_of_llama_cpp() {
    let Some(model) = smollm2() else { return };
    let tokenizer = Checkpoint::open(&model).unwrap().tokenizer;
    for name in ["tokenize.json", "llama_cpp_tokenize.json"] {
        let Some(path) = vectors(name) else { return };
        let cases = json(&path);
        let cases = cases["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 63);
        for case in cases {
            let text = case["text"].as_str().unwrap();
            assert_eq!(
                tokenizer.encode(text, true).unwrap(),
                ids(&case["ids"]),
                "{name}: {text:?}"
            );
            if let Some(decoded) = case["decoded"].as_str() {
                assert_eq!(tokenizer.decode(&ids(&case["ids"]), false).unwrap(), decoded);
            }
        }
    }
}

#[test]
fn streamed_text_is_decoded_text() {
    let (Some(model), Some(path)) = (smollm2(), vectors("tokenize.json")) else { return };
    let tokenizer = Checkpoint::open(&model).unwrap().tokenizer;
    for case in json(&path)["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        let mut stream = tokenizer.stream();
        let mut text: String = ids.iter().map(|id| stream.push(*id)).collect();
        text += &stream.finish();
        assert_eq!(text, tokenizer.decode(&ids, true).unwrap());
    }
}

#[test]
fn conversations_are_rendered_as_jinja2_renders_them() {
    let (Some(model), Some(path)) = (smollm2(), vectors("chat_template.json")) else { return };
    let tokenizer = Checkpoint::open(&model).unwrap().tokenizer;
    let cases = json(&path);
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let messages: Vec<Message> = serde_json::from_value(case["messages"].clone()).unwrap();
        let prompt = case["add_generation_prompt"].as_bool().unwrap();
        assert_eq!(
            tokenizer.render_chat(&messages, prompt).unwrap(),
            case["text"].as_str().unwrap()
        );
        assert_eq!(tokenizer.encode_chat(&messages, prompt).unwrap(), ids(&case["ids"]));
    }
}

#[test]
fn the_end_of_a_turn_ends_a_response() {
    let Some(model) = smollm2() else { return };
    let tokenizer = Checkpoint::open(&model).unwrap().tokenizer;
    assert_eq!(tokenizer.eos_ids(), [2, 0]);
    assert_eq!(tokenizer.token_id("<|im_end|>"), Some(2));
    assert_eq!(tokenizer.vocab_size(), 49152);
}
