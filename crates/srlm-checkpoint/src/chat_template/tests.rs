use super::*;

fn try_render(template: &str, messages: &[Message]) -> Result<String, Error> {
    let special = SpecialTokens { bos: Some("<s>".into()), ..SpecialTokens::default() };
    ChatTemplate::new(template)?.render(messages, true, &special)
}

/// Expected texts are those of jinja2 3.1.6 in the sandbox that transformers 5.23.0 sets up.
#[test]
fn templates_are_rendered_as_transformers_does() {
    let messages = [Message::user(" Hi <&\"> é ")];
    let cases = [
        ("{{ bos_token }}|{{ eos_token }}|{{ messages[0].content }}", "<s>|| Hi <&\"> é "),
        (
            "{% for m in messages %}\n    {% if true %}\n{{ m['role'] }}\n    {% endif %}\n{% endfor %}\nend",
            "user\nend",
        ),
        ("{{ messages[0].content.strip().startswith('Hi') }}", "True"),
        ("{{ messages[0].content | trim | upper }}", "HI <&\"> É"),
        ("{{ messages | tojson }}", "[{\"role\": \"user\", \"content\": \" Hi <&\\\"> é \"}]"),
        (
            "{{ {'a': [1, 2.5, none, true]} | tojson(indent=2) }}",
            "{\n  \"a\": [\n    1,\n    2.5,\n    null,\n    true\n  ]\n}",
        ),
        ("{{ {} | tojson }} {{ [] | tojson }}", "{} []"),
        (
            "{% set ns = namespace(n=0) %}{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
            "3",
        ),
        ("{% generation %}a{% endgeneration %}{%- generation -%} b {%- endgeneration -%}", "ab"),
        (
            "{% if tools is not none or documents is not none %}x{% endif %}{{ tools is defined }}",
            "True",
        ),
        (
            "{% macro f(x) %}[{{ x }}]{% endmacro %}{{ f(messages[0]['role']) }}{{ messages[-1].role }}",
            "[user]user",
        ),
        (
            "{{ 'a,b'.split(',')[1] }}{{ messages[1:] | length }}{{ add_generation_prompt }}",
            "b0True",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(try_render(template, &messages).unwrap(), expected, "{template}");
    }
}

#[test]
fn refusals_carry_the_templates_words() {
    let error =
        try_render("{{ raise_exception('roles must alternate') }}", &[]).unwrap_err().to_string();
    assert!(error.contains("roles must alternate"), "{error}");
    let error = try_render("a\n{% if %}", &[]).unwrap_err().to_string();
    assert!(error.starts_with("chat template: ") && error.contains(":2"), "{error}");
    let error = try_render("{{ strftime_now('%!') }}", &[]).unwrap_err().to_string();
    assert!(error.contains(r#"strftime_now("%!")"#), "{error}");
}

#[test]
fn dates_are_those_of_the_calendar() {
    // Python: datetime.fromtimestamp(n, timezone.utc).strftime(...)
    let cases = [
        (0, "%d %b %Y %A", "01 Jan 1970 Thursday"),
        (951_782_400, "%Y-%m-%d %a", "2000-02-29 Tue"),
        (1_735_689_599, "%d %B %Y %H:%M:%S", "31 December 2024 23:59:59"),
        (4_107_542_400, "%y %m %d%%", "00 03 01%"),
    ];
    for (seconds, format, expected) in cases {
        assert_eq!(strftime(format, Timestamp::from_second(seconds).unwrap()).unwrap(), expected);
    }
}
