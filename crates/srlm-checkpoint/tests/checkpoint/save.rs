//! Saved folders, read back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use srlm_checkpoint::{
    Checkpoint, Dtype, Error, FolderWriter, ModelConfig, SaveOptions, Tokenizer, read_safetensors,
    write_safetensors,
};

use crate::models::{fixture, json, vectors};

fn save(model: &Checkpoint, dir: &Path, options: SaveOptions) -> Result<(), Error> {
    let tensors: Vec<_> = model.config.tensors().collect();
    let mut writer = FolderWriter::create(dir, &model.config, &model.tokenizer, &tensors, options)?;
    for (name, _) in &tensors {
        writer.tensor(name, &model.tensor(name)?.1)?;
    }
    writer.finish()
}

fn assert_same_model(a: &Checkpoint, b: &Checkpoint) {
    assert_eq!(a.config, b.config);
    for name in a.tensor_names() {
        assert!(a.tensor(&name).unwrap() == b.tensor(&name).unwrap(), "{name}");
    }
    for text in ["Hello, world! 123", " <s> é\n\n\t한국어 🙂", ""] {
        for special in [false, true] {
            assert_eq!(
                a.tokenizer.encode(text, special).unwrap(),
                b.tokenizer.encode(text, special).unwrap()
            );
        }
    }
    assert_eq!(a.tokenizer.eos_ids(), b.tokenizer.eos_ids());
    assert_eq!(a.tokenizer.has_chat_template(), b.tokenizer.has_chat_template());
}

fn models() -> Vec<Checkpoint> {
    let folders = ["llama", "mistral", "qwen2", "qwen3"].map(|name| fixture("folders").join(name));
    let files = ["tiny_llama_f32.gguf", "tiny_qwen2_f32.gguf"].into_iter().filter_map(vectors);
    folders.into_iter().chain(files).map(|path| Checkpoint::open(&path).unwrap()).collect()
}

#[test]
fn a_saved_model_is_the_model() {
    for model in models() {
        let dir = tempfile::tempdir().unwrap();
        save(&model, dir.path(), SaveOptions::default()).unwrap();
        assert_same_model(&model, &Checkpoint::open(dir.path()).unwrap());
    }
}

#[test]
fn shards_hold_no_more_than_they_may() {
    let model = Checkpoint::open(&fixture("folders/mistral")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    // A single file that was there before would be read first.
    save(&model, dir.path(), SaveOptions::default()).unwrap();
    save(&model, dir.path(), SaveOptions { max_shard_bytes: 25_000, ..SaveOptions::default() })
        .unwrap();
    assert_same_model(&model, &Checkpoint::open(dir.path()).unwrap());
    let index = json(&dir.path().join("model.safetensors.index.json"));
    assert_eq!(index["metadata"]["total_size"], 60224);
    let mut files: Vec<_> =
        index["weight_map"].as_object().unwrap().values().map(|v| v.as_str().unwrap()).collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(
        files,
        [
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors"
        ]
    );
    for file in files {
        assert!(fs::metadata(dir.path().join(file)).unwrap().len() < 25_000 + 4096);
    }
    save(&model, dir.path(), SaveOptions::default()).unwrap();
    assert!(!dir.path().join("model.safetensors.index.json").exists());
}

#[test]
fn a_tied_head_is_not_written() {
    let model = Checkpoint::open(&fixture("folders/qwen2")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut tensors: Vec<_> = model.config.tensors().collect();
    tensors.push(("lm_head.weight".to_owned(), vec![300, 16]));
    let options = SaveOptions::default();
    let mut writer =
        FolderWriter::create(dir.path(), &model.config, &model.tokenizer, &tensors, options)
            .unwrap();
    for (name, _) in &tensors {
        let name_of_values =
            if name == "lm_head.weight" { "model.embed_tokens.weight" } else { name };
        writer.tensor(name, &model.tensor(name_of_values).unwrap().1).unwrap();
    }
    writer.finish().unwrap();
    let saved = read_safetensors(&dir.path().join("model.safetensors")).unwrap();
    assert!(saved.iter().all(|(name, ..)| name != "lm_head.weight"));
    assert_same_model(&model, &Checkpoint::open(dir.path()).unwrap());
}

#[test]
fn half_formats_round_to_nearest_and_refuse_what_they_cannot_hold() {
    for (name, dtype, torch) in
        [("llama", Dtype::Bf16, "bfloat16"), ("qwen3", Dtype::F16, "float16")]
    {
        let model = Checkpoint::open(&fixture("folders").join(name)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        save(&model, dir.path(), SaveOptions { dtype, ..SaveOptions::default() }).unwrap();
        assert_same_model(&model, &Checkpoint::open(dir.path()).unwrap());
        assert_eq!(json(&dir.path().join("config.json"))["dtype"], torch);
    }
    let model = Checkpoint::open(&fixture("folders/mistral")).unwrap();
    let tensors: Vec<_> = model.config.tensors().collect();
    let dir = tempfile::tempdir().unwrap();
    let options = SaveOptions { dtype: Dtype::F16, ..SaveOptions::default() };
    let mut writer =
        FolderWriter::create(dir.path(), &model.config, &model.tokenizer, &tensors, options)
            .unwrap();
    let error = writer.tensor(&tensors[0].0, &vec![70_000.0; 300 * 16]).unwrap_err();
    let text =
        "tensor model.embed_tokens.weight holds 70000, which F16 cannot hold; save as F32 or BF16";
    assert!(error.to_string().ends_with(text), "{error}");
}

#[test]
fn a_folder_that_was_not_finished_is_no_model() {
    let model = Checkpoint::open(&fixture("folders/llama")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save(&model, dir.path(), SaveOptions::default()).unwrap();
    let tensors: Vec<_> = model.config.tensors().collect();
    let options = SaveOptions::default();
    let mut writer =
        FolderWriter::create(dir.path(), &model.config, &model.tokenizer, &tensors, options)
            .unwrap();
    writer.tensor(&tensors[0].0, &model.tensor(&tensors[0].0).unwrap().1).unwrap();
    drop(writer);
    assert!(matches!(Checkpoint::open(dir.path()), Err(Error::NotAModel { .. })));
}

#[test]
fn what_transformers_has_no_class_for_is_not_saved() {
    let model = Checkpoint::open(&fixture("folders/qwen2")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let check = |config: ModelConfig, expected: &str| {
        let tensors: Vec<_> = config.tensors().collect();
        let saved = FolderWriter::create(
            dir.path(),
            &config,
            &model.tokenizer,
            &tensors,
            SaveOptions::default(),
        );
        let text = saved.unwrap_err().to_string();
        assert!(text.ends_with(expected), "{text}");
    };
    check(
        ModelConfig { qk_norm: true, ..model.config.clone() },
        "qk_norm is true; in Qwen2ForCausalLM it is false",
    );
    check(
        ModelConfig { attention_bias: false, ..model.config.clone() },
        "attention_bias is false; in Qwen2ForCausalLM it is true",
    );
    let tensors: Vec<_> = model.config.tensors().skip(1).collect();
    let missing = FolderWriter::create(
        dir.path(),
        &model.config,
        &model.tokenizer,
        &tensors,
        SaveOptions::default(),
    );
    assert!(
        matches!(missing, Err(Error::MissingTensor { name, .. }) if name == "model.embed_tokens.weight")
    );
}

#[test]
#[should_panic(expected = "tensors come in the order given")]
fn tensors_out_of_order_are_a_bug() {
    let model = Checkpoint::open(&fixture("folders/llama")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let tensors: Vec<_> = model.config.tensors().collect();
    let options = SaveOptions::default();
    let mut writer =
        FolderWriter::create(dir.path(), &model.config, &model.tokenizer, &tensors, options)
            .unwrap();
    let _ = writer.tensor("model.norm.weight", &[1.0; 16]);
}

#[test]
fn bare_files_come_back_as_they_went() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("adapter_model.safetensors");
    let tensors = vec![
        (
            "z.lora_A.weight".to_owned(),
            vec![2, 3],
            vec![1.0, -2.5, f32::MIN_POSITIVE, 0.1, f32::MAX, -0.0],
        ),
        ("a.scale".to_owned(), vec![], vec![0.5]),
        ("b.empty".to_owned(), vec![0, 4], vec![]),
    ];
    write_safetensors(&path, &tensors, &BTreeMap::from([("format".to_owned(), "pt".to_owned())]))
        .unwrap();
    let mut read = read_safetensors(&path).unwrap();
    let mut expected = tensors;
    read.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(read, expected);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(u64::from_le_bytes(bytes[..8].try_into().unwrap()) % 8, 0);
}

#[test]
fn a_tokenizer_of_parts_is_saved_and_read() {
    let text = fs::read_to_string(fixture("folders/llama/tokenizer.json")).unwrap();
    let special = BTreeMap::from([("bos", "<s>"), ("eos", "</s>"), ("pad", "<pad>")]);
    let tokenizer =
        Tokenizer::from_parts(&text, &special, Some("{{ bos_token }}{{ messages[0].content }}"))
            .unwrap();
    assert_eq!(tokenizer.eos_ids(), [1]);
    let mut model = Checkpoint::open(&fixture("folders/llama")).unwrap();
    model.tokenizer = tokenizer;
    model.config.eos_token_ids = vec![1];
    let dir = tempfile::tempdir().unwrap();
    save(&model, dir.path(), SaveOptions::default()).unwrap();
    assert_same_model(&model, &Checkpoint::open(dir.path()).unwrap());

    let failed = |special, template| {
        Tokenizer::from_parts(&text, &special, template).unwrap_err().to_string()
    };
    let unknown = failed(BTreeMap::from([("eos", "<end>")]), None);
    assert_eq!(
        unknown,
        "tokenizer.json: tokenizer: the eos token \"<end>\" is not in the vocabulary"
    );
    let role = failed(BTreeMap::from([("cls", "<s>")]), None);
    assert_eq!(role, "tokenizer.json: tokenizer: \"cls\" is no role; roles are bos, eos, unk, pad");
    assert!(failed(BTreeMap::new(), Some("{% for %}")).starts_with("chat template: "));
}
