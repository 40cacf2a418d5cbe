//! Enough of an HTML reader to know that a page is well-formed and inert.

/// Elements without a closing tag.
const VOID: [&str; 1] = ["meta"];
/// Everything that the report is made of; a page with anything else was broken into.
const KNOWN: &[&str] = &[
    "a",
    "b",
    "bdi",
    "blockquote",
    "body",
    "caption",
    "circle",
    "code",
    "dd",
    "del",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "g",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "ins",
    "li",
    "line",
    "main",
    "meta",
    "nav",
    "ol",
    "p",
    "path",
    "polyline",
    "pre",
    "rect",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];

/// # Panics
/// Where tags do not match, an element or attribute is not one of the report's, or a character is
/// hidden.
pub(crate) fn assert_sound(page: &str) {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || "\u{202e}\u{202d}\u{2066}\u{2067}\u{200b}".contains(c)
    };
    assert!(
        !page.contains(hidden),
        "a hidden character is left: {:?}",
        page.chars().find(|c| hidden(*c))
    );
    let mut open: Vec<String> = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("the page says what it is");
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = end_of_tag(rest);
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "</{name}> closes something else");
            continue;
        }
        let (name, attributes) = tag.split_once([' ', '/']).unwrap_or((tag, ""));
        assert!(KNOWN.contains(&name), "<{name}> is none of the report's elements");
        // Every other part between quotation marks is a value.
        let names: String = attributes.split('"').step_by(2).collect();
        assert!(!names.contains(" on") && !names.starts_with("on"), "<{tag}> has a handler");
        if name == "style" {
            rest = rest.split_once("</style>").expect("the style sheet ends").1;
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new(), "elements are left open");
}

/// The place of `>` outside quotes.
fn end_of_tag(text: &str) -> usize {
    let mut is_quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return at,
            '<' => panic!("a tag in a tag: {:?}", text.chars().take(80).collect::<String>()),
            _ => {}
        }
    }
    panic!("a tag does not end: {:?}", text.chars().take(80).collect::<String>());
}
