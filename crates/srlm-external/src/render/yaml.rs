//! Writing commented YAML, so that every reader of YAML takes numbers for numbers.

use std::fmt::Write;

/// A value on one line.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    fn written(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Signed(value) => value.to_string(),
            Self::Float(value) => float(*value),
            // Double quotes of YAML are those of JSON.
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::List(values) => {
                format!("[{}]", values.iter().map(Self::written).collect::<Vec<_>>().join(", "))
            }
            Self::Map(fields) => {
                let field = |(key, value): &(&str, Value)| format!("{key}: {}", value.written());
                format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// YAML 1.1, which PyYAML reads, wants a dot in every float and a sign in every exponent: `1e-6` is
/// a text to it.
fn float(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-4..1e6).contains(&size) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').expect("the format has an exponent");
    let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}e{sign}{exponent}")
}

/// A document that grows line by line.
#[derive(Debug, Default)]
pub(crate) struct Document {
    text: String,
}

impl Document {
    /// Lines of comment.
    pub(crate) fn note(&mut self, text: &str) {
        text.lines().for_each(|line| self.line("# ", line));
    }

    /// A blank line and a comment.
    pub(crate) fn section(&mut self, heading: &str) {
        self.text.push('\n');
        self.note(heading);
    }

    /// A key, its value and, where there is something to say, a comment above it.
    pub(crate) fn set(&mut self, key: &str, value: Value, comment: &str) {
        self.note(comment);
        let _ = writeln!(self.text, "{key}: {}", value.written());
    }

    /// A key with lines of its own below it.
    pub(crate) fn block(&mut self, key: &str, lines: &[(&str, Value)]) {
        let _ = writeln!(self.text, "{key}:");
        lines.iter().for_each(|(key, value)| {
            let _ = writeln!(self.text, "  {key}: {}", value.written());
        });
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, begin: &str, line: &str) {
        let _ = writeln!(self.text, "{}", format!("{begin}{line}").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_floats_to_every_reader() {
        let check = |value: f64, expected: &str| {
            assert_eq!(float(value), expected);
            assert_eq!(expected.parse::<f64>().unwrap(), value);
        };
        check(0.0, "0.0");
        check(1.0, "1.0");
        check(0.1, "0.1");
        check(5.5e-6, "5.5e-6");
        check(1e-6, "1.0e-6");
        check(1e-8, "1.0e-8");
        check(-2e-7, "-2.0e-7");
        check(3e20, "3.0e+20");
        check(0.999, "0.999");
    }

    #[test]
    fn values_keep_to_one_line() {
        let map = Value::Map(vec![("lr_end", Value::Float(1e-7)), ("power", Value::Int(1))]);
        assert_eq!(map.written(), "{lr_end: 1.0e-7, power: 1}");
        assert_eq!(Value::texts(["a: b", "no"]).written(), r#"["a: b", "no"]"#);
    }
}
