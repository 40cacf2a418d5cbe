//! Keys of OpenAI and vLLM that would change the answer and are not served.

use serde_json::Value;

use super::Refusal;

/// Each key with the values that ask for nothing, as JSON; null does so everywhere.
const UNSERVED: [(&str, &str); 38] = [
    ("add_generation_prompt", "[true]"),
    ("allowed_token_ids", "[]"),
    ("bad_words", "[[]]"),
    ("chat_template", "[]"),
    ("chat_template_kwargs", "[{}]"),
    ("continue_final_message", "[false]"),
    ("frequency_penalty", "[0]"),
    ("function_call", r#"["none", "auto"]"#),
    ("functions", "[[]]"),
    ("dry_multiplier", "[0]"),
    ("dynatemp_range", "[0]"),
    ("grammar", r#"[""]"#),
    ("guided_choice", "[]"),
    ("guided_grammar", "[]"),
    ("guided_json", "[]"),
    ("guided_regex", "[]"),
    ("include_stop_str_in_output", "[false]"),
    ("json_schema", "[]"),
    // Of beam search, which is not served.
    ("length_penalty", "[0, 1]"),
    ("logit_bias", "[{}]"),
    ("min_tokens", "[0]"),
    ("mirostat", "[0]"),
    ("presence_penalty", "[0]"),
    ("prompt_logprobs", "[0, false]"),
    ("repeat_penalty", "[1]"),
    ("repetition_penalty", "[1]"),
    ("response_format", r#"[{ "type": "text" }]"#),
    ("skip_special_tokens", "[true]"),
    ("stop_token_ids", "[[]]"),
    ("structured_outputs", "[]"),
    ("samplers", "[]"),
    ("suffix", r#"[""]"#),
    ("tool_choice", r#"["none", "auto"]"#),
    ("tools", "[[]]"),
    ("truncate_prompt_tokens", "[]"),
    ("typical_p", "[1]"),
    ("use_beam_search", "[false]"),
    ("xtc_probability", "[0]"),
];

/// Refuses a body in which one of them asks for something.
pub(super) fn check(body: &Value) -> Result<(), Refusal> {
    for (key, nothing) in UNSERVED {
        let found = &body[key];
        if found.is_null() {
            continue;
        }
        let nothing: Vec<Value> = serde_json::from_str(nothing).expect("the table holds JSON");
        // 0 and 0.0 are the same.
        let same = |value: &Value| {
            found == value || found.as_f64().is_some_and(|n| value.as_f64() == Some(n))
        };
        if !nothing.iter().any(same) {
            return Err(Refusal::of(key, "is not served; leave it out"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_asks_for_nothing_passes_and_all_else_is_refused() {
        let check = |key: &str, value: Value, passes: bool| {
            let found = super::check(&json!({ key: value }));
            assert_eq!(
                found,
                if passes { Ok(()) } else { Err(Refusal::of(key, "is not served; leave it out")) }
            );
        };
        for (key, nothing) in UNSERVED {
            check(key, Value::Null, true);
            check(key, json!({ "x": 1 }), false);
            for value in serde_json::from_str::<Vec<Value>>(nothing).unwrap() {
                check(key, value, true);
            }
        }
        check("frequency_penalty", json!(0.0), true);
        check("frequency_penalty", json!(0.5), false);
        check("min_tokens", json!(5), false);
        check("stop_token_ids", json!([2]), false);
        check("guided_choice", json!(["a", "b"]), false);
        check("include_stop_str_in_output", json!(true), false);
        check("tool_choice", json!("auto"), true);
        check("tool_choice", json!("required"), false);
        check("add_generation_prompt", json!(false), false);
        check("user", json!("somebody"), true);
    }
}
