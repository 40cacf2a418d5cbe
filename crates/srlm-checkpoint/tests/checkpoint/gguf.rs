//! Written GGUF files, read back.

use std::collections::BTreeMap;
use std::fs;

use srlm_artifact::Message;
use srlm_checkpoint::{
    Checkpoint, Error, GgufFormat, GgufOptions, ModelConfig, RopeScaling, Tokenizer, write_gguf,
};

use crate::models::{fixture, smollm2, vectors};

fn options(format: GgufFormat) -> GgufOptions {
    GgufOptions { format, name: "M1".to_owned() }
}

/// The model as it is read from a file that lives as long as the folder does.
fn written(model: &Checkpoint, format: GgufFormat) -> (tempfile::TempDir, Checkpoint) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    write_gguf(model, &path, &options(format)).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no part stays behind");
    let read = Checkpoint::open(&path).unwrap();
    (dir, read)
}

fn folders() -> Vec<Checkpoint> {
    let names = ["llama", "mistral", "qwen2", "qwen3"];
    names.map(|name| Checkpoint::open(&fixture("folders").join(name)).unwrap()).into()
}

/// What a GGUF file cannot say: numbers are f32, and of several end tokens two.
fn as_gguf_says_it(config: &ModelConfig) -> ModelConfig {
    let narrow = |x: f64| (x as f32).to_string().parse().unwrap();
    ModelConfig {
        rms_norm_eps: narrow(config.rms_norm_eps),
        rope_theta: narrow(config.rope_theta),
        eos_token_ids: config.eos_token_ids[..1].to_vec(),
        ..config.clone()
    }
}

fn assert_same_texts(a: &Tokenizer, b: &Tokenizer) {
    for text in [
        "Hello, world! 123",
        " <s> é\n\n\t한국어 🙂",
        "",
        "the cat sat  on the mat",
        "a</s>b 1234567",
    ] {
        for special in [false, true] {
            assert_eq!(
                a.encode(text, special).unwrap(),
                b.encode(text, special).unwrap(),
                "{text:?}"
            );
        }
        let ids = a.encode(text, true).unwrap();
        assert_eq!(a.decode(&ids, true).unwrap(), b.decode(&ids, true).unwrap());
    }
    assert_eq!(a.eos_ids(), b.eos_ids());
    assert_eq!(a.has_chat_template(), b.has_chat_template());
    if a.has_chat_template() {
        let messages = [Message::user("Hi"), Message::assistant("Yes?"), Message::user("Bye")];
        for prompt in [false, true] {
            assert_eq!(
                a.render_chat(&messages, prompt).unwrap(),
                b.render_chat(&messages, prompt).unwrap()
            );
        }
    }
}

#[test]
fn a_written_model_is_the_model() {
    for model in folders() {
        let (_dir, read) = written(&model, GgufFormat::F32);
        let mut expected = as_gguf_says_it(&model.config);
        if let (RopeScaling::Llama3 { .. }, RopeScaling::Llama3 { factor, .. }) =
            (&expected.rope_scaling, &read.config.rope_scaling)
        {
            // Only the divisors that the scaling gives are in the file.
            assert_eq!(*factor, 8.0);
            expected.rope_scaling = read.config.rope_scaling.clone();
        }
        assert_eq!(read.config, expected);
        assert_same_texts(&model.tokenizer, &read.tokenizer);
        for name in model.tensor_names() {
            assert!(model.tensor(&name).unwrap() == read.tensor(&name).unwrap(), "{name}");
        }
    }
}

/// Largest error of a value: half a step of its block, or of its own last bit, and what the scale's
/// rounding adds.
#[test]
fn smaller_formats_are_within_their_error() {
    let Some(path) = smollm2() else { return };
    let model = Checkpoint::open(&path).unwrap();
    for (format, bound) in [
        (GgufFormat::F16, 0.5e-3),
        (GgufFormat::Bf16, 4e-3),
        (GgufFormat::Q8_0, 4.5e-3),
        (GgufFormat::Q4_0, 0.126),
    ] {
        let (_dir, read) = written(&model, format);
        for name in [
            "model.embed_tokens.weight",
            "model.layers.3.self_attn.q_proj.weight",
            "model.norm.weight",
        ] {
            let (expected, found) = (model.tensor(name).unwrap().1, read.tensor(name).unwrap().1);
            for (expected, found) in expected.chunks(32).zip(found.chunks(32)) {
                let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                let worst = expected
                    .iter()
                    .zip(found)
                    .fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
                assert!(worst <= largest * bound + 1e-7, "{format:?} {name}: {worst} of {largest}");
            }
        }
        assert_same_texts(&model.tokenizer, &read.tokenizer);
    }
}

#[test]
fn a_sentencepiece_vocabulary_is_written() {
    let model = Checkpoint::open(&fixture("spm.gguf")).unwrap();
    let (_dir, read) = written(&model, GgufFormat::F16);
    let mut texts = vec!["The quick brown fox jumps".to_owned(), "près de la rivière".to_owned()];
    texts.extend(
        ["tabs\tand\nnewlines\n\n", "123 4567", "한국어 and 🙂 emoji", "", " "].map(str::to_owned),
    );
    for text in texts {
        let expected = model.tokenizer.encode(&text, true).unwrap();
        assert_eq!(read.tokenizer.encode(&text, true).unwrap(), expected, "{text:?}");
        assert_eq!(read.tokenizer.decode(&expected, true).unwrap(), text);
    }
}

#[test]
fn tiny_models_of_every_family_come_through() {
    for name in ["tiny_llama_f32.gguf", "tiny_qwen2_f32.gguf"] {
        let Some(path) = vectors(name) else { return };
        let model = Checkpoint::open(&path).unwrap();
        let (_dir, read) = written(&model, GgufFormat::F32);
        assert_eq!(read.config, model.config);
        assert_same_texts(&model.tokenizer, &read.tokenizer);
    }
}

#[test]
fn linear_scaling_and_padded_rows_are_written() {
    let mut model = Checkpoint::open(&fixture("folders/qwen3")).unwrap();
    model.config.rope_scaling = RopeScaling::Linear { factor: 2.5 };
    let (_dir, read) = written(&model, GgufFormat::Q8_0);
    assert_eq!(read.config.rope_scaling, RopeScaling::Linear { factor: 2.5 });
    assert_eq!(read.config.vocab_size, model.config.vocab_size);
}

#[test]
fn what_gguf_has_no_words_for_is_refused() {
    let text = fs::read_to_string(fixture("folders/llama/tokenizer.json")).unwrap();
    let mut model = Checkpoint::open(&fixture("folders/llama")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let mut check = |change: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut document);
        model.tokenizer =
            Tokenizer::from_parts(&document.to_string(), &BTreeMap::from([("bos", "<s>")]), None)
                .unwrap();
        let error = write_gguf(&model, &path, &options(GgufFormat::F32)).unwrap_err();
        assert!(
            matches!(&error, Error::Tokenizer { .. }) && error.to_string().contains(expected),
            "{error}"
        );
    };
    check(
        &|document| document["pre_tokenizer"]["add_prefix_space"] = true.into(),
        "splits text as no family does",
    );
    check(
        &|document| {
            let token = serde_json::json!({ "SpecialToken": { "id": "<pad>", "type_id": 0 } });
            document["post_processor"]["single"].as_array_mut().unwrap().push(token);
            document["post_processor"]["special_tokens"]["<pad>"] =
                serde_json::json!({ "id": "<pad>", "ids": [2], "tokens": ["<pad>"] });
        },
        "adds tokens other than",
    );
    assert!(!path.exists());
}
