use super::*;

fn render(template: &str, messages: &[Message]) -> String {
    let special = SpecialTokens { bos: Some("<s>".into()), ..SpecialTokens::default() };
    ChatTemplate::new(template).unwrap().render(messages, true, &special).unwrap()
}
