//! Good and bad folders.

use std::collections::BTreeMap;
use std::path::Path;

use insta::assert_snapshot;
use srlm_checkpoint::{Checkpoint, Dtype, NamedTensor, SaveOptions, write_safetensors};
use srlm_external::verify;

use crate::samples::{base, copy, edit, trained};

/// Why a trained folder is refused after `spoil`, causes in order, without the folder's own path.
fn refused(spoil: impl Fn(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("output");
    trained(&folder);
    spoil(&folder);
    let error = verify(&folder, &Checkpoint::open(&base()).unwrap()).unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text.replace(&dir.path().display().to_string(), "")
}

fn verified(make: impl Fn(&Path)) -> srlm_external::Verified {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    verify(dir.path(), &Checkpoint::open(&base()).unwrap()).unwrap()
}

#[test]
fn a_trained_folder_is_taken_and_measured() {
    let found = verified(trained);
    assert_eq!((found.n_changed, found.n_unchanged), (2, 33));
    assert!(found.relative_change > 0.0 && found.relative_change < 0.01, "{found:?}");
    let found = verified(|out| {
        let options = SaveOptions { dtype: Dtype::Bf16, ..SaveOptions::default() };
        copy(out, options, |_, _, value| value * 1.05);
    });
    assert!(found.n_changed > 10, "{found:?}");
}

#[test]
fn a_post_processor_that_transformers_adds_is_no_other_tokenizer() {
    let found = verified(|out| {
        trained(out);
        let path = out.join("tokenizer.json");
        let mut tokenizer: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let a = serde_json::json!({ "Sequence": { "id": "A", "type_id": 0 } });
        let b = serde_json::json!({ "Sequence": { "id": "B", "type_id": 1 } });
        tokenizer["post_processor"] = serde_json::json!({
            "type": "TemplateProcessing", "single": [a], "pair": [a, b], "special_tokens": {},
        });
        std::fs::write(&path, tokenizer.to_string()).unwrap();
    });
    assert_eq!(found.n_changed, 2);
}

#[test]
fn broken_folders_are_refused_by_tensor_and_remedy() {
    let weights = |out: &Path| out.join("model.safetensors");
    assert_snapshot!(refused(|out| edit(&weights(out), "model.norm.weight", "model.nora.weight")), @"/output cannot be taken as the trained model; train again into an empty folder, or move it away: /output/model.safetensors has no tensor model.norm.weight");
    assert_snapshot!(refused(|out| {
        let bytes = std::fs::read(weights(out)).unwrap();
        std::fs::write(weights(out), &bytes[..bytes.len() - 100]).unwrap();
    }), @"/output cannot be taken as the trained model; train again into an empty folder, or move it away: /output/model.safetensors: malformed header: tensor lm_head.weight: bytes 35776 to 54976, but the file has 54876 of values; it is cut short");
    assert_snapshot!(refused(|out| copy(out, SaveOptions::default(), |name, i, value| {
        if name.ends_with("1.mlp.up_proj.weight") && i == 7 { f32::NAN } else { value }
    })), @r#"/output: tensor model.layers.1.mlp.up_proj.weight has NaN at index 7: the training diverged. Lower learning_rate, clip with max_grad_norm, or train in train.precision = "f32"; then train again into an empty folder"#);
    assert_snapshot!(refused(|out| copy(out, SaveOptions::default(), |_, _, value| value)), @"/output: not one of 35 tensors differs from the model handed over: nothing was trained, or the base was saved in place of the result. Check the program's log, its learning rate and its number of steps");
    assert_snapshot!(refused(|out| {
        let options = SaveOptions { dtype: Dtype::Bf16, ..SaveOptions::default() };
        copy(out, options, |_, _, value| value);
    }), @"/output: not one of 35 tensors differs from the model handed over: nothing was trained, or the base was saved in place of the result. Check the program's log, its learning rate and its number of steps");
    assert_snapshot!(refused(|out| edit(&out.join("config.json"), "\"rope_theta\": 500000.0", "\"rope_theta\": 50000.0")), @"/output: rope_theta is 50000.0, the model that was handed over has 500000.0; train from its `model` folder");
    assert_snapshot!(refused(|out| edit(&out.join("config.json"), "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")), @"/output: n_layers is 1, the model that was handed over has 2; train from its `model` folder");
    let tokenizer = refused(|out| {
        edit(
            &out.join("tokenizer.json"),
            "\"add_prefix_space\": false",
            "\"add_prefix_space\": true",
        )
    });
    assert!(tokenizer.contains("the tokenizer or chat template was changed"), "{tokenizer}");
    let template = refused(|out| edit(&out.join("tokenizer_config.json"), "{% for", "{%  for"));
    assert!(template.contains("the tokenizer or chat template was changed"), "{template}");
    let empty = refused(|out| std::fs::remove_file(out.join("model.safetensors")).unwrap());
    assert!(
        empty.contains("it has neither model.safetensors nor model.safetensors.index.json"),
        "{empty}"
    );
}

/// A PEFT folder with one LoRA update of ones.
fn adapter(out: &Path, settings: &str, rank: usize) {
    std::fs::create_dir_all(out).unwrap();
    for entry in std::fs::read_dir(out).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    std::fs::write(out.join("adapter_config.json"), settings).unwrap();
    let config = Checkpoint::open(&base()).unwrap().config;
    let [output, input] =
        config.tensor_shape("model.layers.1.self_attn.v_proj.weight").unwrap()[..]
    else {
        panic!()
    };
    let name =
        |part: &str| format!("base_model.model.model.layers.1.self_attn.v_proj.{part}.weight");
    let tensors: [NamedTensor; 2] = [
        (name("lora_A"), vec![rank, input], vec![0.5; rank * input]),
        (name("lora_B"), vec![output, rank], vec![0.25; output * rank]),
    ];
    write_safetensors(&out.join("adapter_model.safetensors"), &tensors, &BTreeMap::new()).unwrap();
}

#[test]
fn adapters_are_merged_by_their_scale() {
    for (settings, expected) in [
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none"}"#, 0.5),
        (
            r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_rslora": true}"#,
            0.5 / 2f32.sqrt() * 2.0,
        ),
    ] {
        let found = verified(|out| adapter(out, settings, 2));
        assert_eq!(found.n_changed, 1);
        // Two ranks of 0.5 x 0.25 each, times the scale: alpha / rank, or alpha / sqrt(rank).
        assert!((found.largest_change - expected).abs() < 1e-5, "{found:?}");
    }
}

#[test]
fn adapters_that_cannot_be_merged_are_refused() {
    let check = |settings: &'static str, rank| refused(move |out| adapter(out, settings, rank));
    assert_snapshot!(check(r#"{"peft_type": "LOHA", "r": 2, "lora_alpha": 4}"#, 2), @r#"/output/adapter_config.json: peft_type is "LOHA": merged are adapters with "LORA". Merge it where it was trained: PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(OUTPUT)"#);
    assert_snapshot!(check(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "modules_to_save": ["lm_head"]}"#, 2), @r#"/output/adapter_config.json: modules_to_save is ["lm_head"]: merged are adapters with null. Merge it where it was trained: PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(OUTPUT)"#);
    assert_snapshot!(check(r#"{"peft_type": "LORA", "r": 3, "lora_alpha": 4}"#, 2), @"/output/adapter_model.safetensors: base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight is [2, 16]: it must be [3, 16]. Merge it where it was trained: PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(OUTPUT)");
    assert_snapshot!(check(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_dora": true}"#, 2), @"/output/adapter_model.safetensors: model.layers.1.self_attn.v_proj.weight is incomplete: it needs lora_A and lora_B, and with use_dora a magnitude. Merge it where it was trained: PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(OUTPUT)");
}
