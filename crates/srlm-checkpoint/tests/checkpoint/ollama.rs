//! Modelfiles.

use std::collections::BTreeMap;
use std::fs;

use srlm_checkpoint::{OllamaSettings, Tokenizer, modelfile};

use crate::models::fixture;

fn tokenizer(template: Option<&str>) -> Tokenizer {
    let text = fs::read_to_string(fixture("folders/llama/tokenizer.json")).unwrap();
    Tokenizer::from_parts(&text, &BTreeMap::from([("bos", "<s>"), ("eos", "</s>")]), template)
        .unwrap()
}

fn text(template: Option<&str>) -> String {
    modelfile("model.gguf", &tokenizer(template), &OllamaSettings::default()).unwrap()
}

#[test]
fn a_framing_template_is_translated() {
    let template = "{{ bos_token }}{% for m in messages %}{% if loop.first and m.role != 'system' %}<|system|>Be kind.</s>\n\
                    {% endif %}<|{{ m.role }}|>{{ m.content }}</s>\n{% endfor %}\
                    {% if add_generation_prompt %}<|assistant|>{% endif %}";
    insta::assert_snapshot!(text(Some(template)), @r#"
    FROM ./model.gguf
    TEMPLATE """{{ if not .System }}<|system|>Be kind.</s>
    {{ end }}{{ range .Messages }}{{ if eq .Role "system" }}<|system|>{{ .Content }}</s>
    {{ else if eq .Role "user" }}<|user|>{{ .Content }}</s>
    {{ else if eq .Role "assistant" }}<|assistant|>{{ .Content }}</s>
    {{ end }}{{ end }}<|assistant|>"""
    PARAMETER stop "</s>"
    PARAMETER temperature 0.7
    PARAMETER top_p 0.9
    PARAMETER top_k 0
    PARAMETER repeat_penalty 1
    PARAMETER num_ctx 4096
    "#);
}

#[test]
fn other_templates_are_left_to_ollama() {
    let merged = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}";
    let numbered =
        "{% for m in messages %}{{ loop.index }} {{ m.role }}: {{ m.content }}\n{% endfor %}";
    for template in [None, Some(merged), Some(numbered)] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(text(template), @r#"
            FROM ./model.gguf
            PARAMETER stop "</s>"
            PARAMETER temperature 0.7
            PARAMETER top_p 0.9
            PARAMETER top_k 0
            PARAMETER repeat_penalty 1
            PARAMETER num_ctx 4096
            "#);
        }
    }
}
