//! A chat template in Ollama's language, found by rendering conversations.

use srlm_artifact::{Message, Role};

use crate::error::Error;
use crate::tokenizer::Tokenizer;

/// Stands for a message's content; no template writes it by itself.
const MARK: &str = "\u{1}content\u{1}";

/// What a template writes around contents.
#[derive(Clone, Debug, PartialEq)]
struct Pieces {
    /// Before the first message when none is a system message.
    prologue: String,
    /// Before and behind a content, by role.
    system: (String, String),
    user: (String, String),
    assistant: (String, String),
    /// Behind the last message, where the model begins.
    prompt: String,
}

/// The template as Go writes it; `None` when contents are not simply framed or system messages are
/// refused.
///
/// Ollama knows the templates of some families by their text and gives all others the bare prompt,
/// so a translation belongs into the Modelfile.
pub(super) fn translate(tokenizer: &Tokenizer) -> Option<String> {
    let pieces = Pieces::find(tokenizer).ok()??;
    let agrees = conversations().iter().all(|messages| {
        let expected = rendered(tokenizer, messages, true);
        expected.is_ok_and(|expected| expected == pieces.render(messages))
    });
    let go = pieces.to_go();
    let n_actions = Pieces::empty().to_go().matches("{{").count();
    // A template's own text must not begin an action, nor end the quotation that it stands in.
    (agrees && go.matches("{{").count() == n_actions && !go.contains("\"\"\"")).then_some(go)
}

impl Pieces {
    /// Takes renderings of conversations of marks apart; `None` when a role's frame is not the same
    /// everywhere.
    fn find(tokenizer: &Tokenizer) -> Result<Option<Self>, Error> {
        let split = |roles: &[Role], prompt| -> Result<Vec<String>, Error> {
            let messages: Vec<_> =
                roles.iter().map(|&role| Message { role, content: MARK.to_owned() }).collect();
            let text = rendered(tokenizer, &messages, prompt)?;
            Ok(text.split(MARK).map(str::to_owned).collect())
        };
        let answered = split(&[Role::User, Role::Assistant], false)?;
        let turns = split(&[Role::User, Role::Assistant, Role::User], false)?;
        let told = split(&[Role::System, Role::User], false)?;
        let prompted = split(&[Role::User], true)?;
        let (
            [start, _, assistant_end],
            [_, to_assistant, to_user, user_end],
            [system, to_first, _],
            [_, open],
        ) = (answered.as_slice(), turns.as_slice(), told.as_slice(), prompted.as_slice())
        else {
            return Ok(None);
        };
        let find = || {
            let user = to_user.strip_prefix(assistant_end.as_str())?;
            Some(Self {
                prologue: start.strip_suffix(user)?.to_owned(),
                system: (system.clone(), to_first.strip_suffix(user)?.to_owned()),
                user: (user.to_owned(), user_end.clone()),
                assistant: (
                    to_assistant.strip_prefix(user_end.as_str())?.to_owned(),
                    assistant_end.clone(),
                ),
                prompt: open.strip_prefix(user_end.as_str())?.to_owned(),
            })
        };
        Ok(find())
    }

    fn empty() -> Self {
        let frame = || (String::new(), String::new());
        Self {
            prologue: String::new(),
            system: frame(),
            user: frame(),
            assistant: frame(),
            prompt: String::new(),
        }
    }

    fn frame(&self, role: Role) -> &(String, String) {
        match role {
            Role::System => &self.system,
            Role::User => &self.user,
            Role::Assistant => &self.assistant,
        }
    }

    /// What Ollama makes of [`Pieces::to_go`].
    fn render(&self, messages: &[Message]) -> String {
        let told = messages.iter().any(|message| message.role == Role::System);
        let mut text = if told { String::new() } else { self.prologue.clone() };
        for message in messages {
            let (before, behind) = self.frame(message.role);
            text.extend([before.as_str(), &message.content, behind]);
        }
        text + &self.prompt
    }

    fn to_go(&self) -> String {
        let framed =
            |(before, behind): &(String, String)| format!("{before}{{{{ .Content }}}}{behind}");
        let (system, user, assistant) =
            (framed(&self.system), framed(&self.user), framed(&self.assistant));
        format!(
            "{{{{ if not .System }}}}{}{{{{ end }}}}{{{{ range .Messages }}}}\
             {{{{ if eq .Role \"system\" }}}}{system}{{{{ else if eq .Role \"user\" }}}}{user}\
             {{{{ else if eq .Role \"assistant\" }}}}{assistant}{{{{ end }}}}{{{{ end }}}}{}",
            self.prologue, self.prompt
        )
    }
}

/// Conversations on which a translation must agree with the template.
fn conversations() -> [Vec<Message>; 4] {
    let (system, user) = (Message::system("Be brief."), Message::user("What is 2 + 2?"));
    let (answer, thanks) =
        (Message::assistant("4, {of course}."), Message::user("Thank you.\n\nBye!"));
    [
        vec![user.clone()],
        vec![system.clone(), user.clone()],
        vec![user.clone(), answer.clone(), thanks.clone()],
        vec![system, user.clone(), answer.clone(), thanks.clone(), answer, user],
    ]
}

/// The rendered conversation, without a beginning-of-sequence token that Ollama puts before every
/// text itself.
fn rendered(tokenizer: &Tokenizer, messages: &[Message], prompt: bool) -> Result<String, Error> {
    let text = tokenizer.render_chat(messages, prompt)?;
    let plain = tokenizer.encode("a", false)?;
    let whole = tokenizer.encode("a", true)?;
    if whole.len() > plain.len() && whole.ends_with(&plain) {
        let added = tokenizer.decode(&whole[..whole.len() - plain.len()], false)?;
        return Ok(text.strip_prefix(added.as_str()).unwrap_or(&text).to_owned());
    }
    Ok(text)
}
