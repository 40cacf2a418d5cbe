//! The page as HTML: data as escaped JSON, which a script of our own puts into the page as text.

use askama::Template;
use serde::Serialize;

/// A comparison as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PageItem {
    pub(super) id: String,
    pub(super) prompt: String,
    pub(super) first: String,
    pub(super) second: String,
}

#[derive(Serialize)]
struct Data<'a> {
    study: &'a str,
    items: &'a [PageItem],
}

#[derive(Template)]
#[template(path = "human.html")]
struct Page<'a> {
    title: &'a str,
    study: &'a str,
    data: &'a str,
    style: &'static str,
    script: &'static str,
}

pub(super) fn page(study: &str, title: &str, items: &[PageItem]) -> String {
    let data = serde_json::to_string(&Data { study, items }).expect("texts are plain data");
    // JSON in a script element ends at the first `</script`: no `<` leaves as such.
    let data = data.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let (style, script) =
        (include_str!("../../templates/human.css"), include_str!("../../templates/human.js"));
    Page { title, study, data: &data, style, script }
        .render()
        .expect("writing to a string does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "</script><script>alert(1)</script><!-- & \u{202e}\u{0}\u{2028}";
        let item = PageItem {
            id: "i".to_owned(),
            prompt: hostile.into(),
            first: hostile.into(),
            second: "<b>".into(),
        };
        let page = page("0", "<i>Title</i> & more", &[item]);
        // One element of data and one of code, each opened and closed once.
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        assert!(!page.contains("<i>Title") && !page.contains("<b>"));
        let start = page.find("id=\"study\">").unwrap() + "id=\"study\">".len();
        let data = &page[start..start + page[start..].find("</script>").unwrap()];
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["items"][0]["prompt"], hostile);
    }

    #[test]
    fn the_page_asks_for_nothing() {
        let page = page("0", "Title", &[]);
        assert!(page.contains("default-src 'none'"));
        for loader in ["http://", "https://", "src=", "@import", "fetch(", "innerHTML"] {
            assert!(!page.contains(loader), "{loader}");
        }
    }
}
