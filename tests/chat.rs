//! A conversation becomes what transformers makes of it: `expected.json` has its texts, which
//! `make.py` wrote.

mod command;
mod in_runs;
mod limits;

use std::path::{Path, PathBuf};

use lenscape::chat::{ChatError, Conversation, Ending};
use lenscape::run::ChatFrame;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chat")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

fn roles() -> Vec<(String, String)> {
    let roles = [("bos_token", "<s>"), ("eos_token", "</s>")];
    roles
        .map(|(role, token)| (role.to_owned(), token.to_owned()))
        .into()
}

fn render(
    template: &str,
    messages: &str,
    tools: Option<&str>,
    ending: Ending,
) -> Result<String, ChatError> {
    let mut conversation = Conversation::from_json(messages.as_bytes())?;
    if let Some(tools) = tools {
        conversation = conversation.with_tools(tools.as_bytes())?;
    }
    conversation.render(template, &roles(), ending)
}

/// Complains where a text is not the expected one, or where the template was to be refused.
fn check(
    what: &str,
    rendered: Result<String, ChatError>,
    expected: &Value,
    wrong: &mut Vec<String>,
) {
    let told = match (rendered, expected.as_str()) {
        (Ok(text), Some(expected)) if text == expected => return,
        (Err(_), None) => return,
        (Ok(text), expected) => format!("{what}\n  gives    {text:?}\n  expected {expected:?}"),
        (Err(error), expected) => format!("{what}\n  fails: {error}\n  expected {expected:?}"),
    };
    wrong.push(told);
}

// serde_json sorts the keys of an object: the conversation is read as its file has it.
#[test]
fn expressions_mean_what_they_mean_in_python() {
    let conversation = read("conversation.json");
    let (messages, tools) = conversation.split_once("\"tools\":").unwrap();
    let messages = messages.split_once("\"messages\":").unwrap().1.trim_end();
    let messages = messages.strip_suffix(',').unwrap();
    let tools = tools.trim_end().strip_suffix('}').unwrap();
    let mut wrong = Vec::new();
    let all = json("expected.json");
    let all = all["expressions"].as_array().unwrap();
    assert!(all.len() > 700);
    for case in all {
        let template = case[0].as_str().unwrap();
        let rendered = render(template, messages, Some(tools), Ending::ModelsTurn);
        check(template, rendered, &case[1], &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn conversations_become_what_transformers_makes_of_them() {
    // A line a case, so that each keeps the order of its keys.
    let expected = read("expected.json");
    let lines = expected.split_once("\"conversations\": [\n").unwrap().1;
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in lines.lines().take_while(|line| line.starts_with('{')) {
        let case: Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
        let field = |from: &str, to: &str| {
            let (_, rest) = line.split_once(from)?;
            rest.split_once(to).map(|(field, _)| field.to_owned())
        };
        let messages = field("\"messages\": ", ", \"tools\": ")
            .filter(|_| case.get("tools").is_some())
            .or_else(|| field("\"messages\": ", ", \"ending\": "));
        let tools = case
            .get("tools")
            .and_then(|_| field(", \"tools\": ", ", \"ending\": "));
        let ending = match case["ending"].as_str().unwrap() {
            "open" => Ending::ModelsTurn,
            "closed" => Ending::Closed,
            _ => Ending::Continued,
        };
        let name = case["template"].as_str().unwrap();
        let template = read(&format!("templates/{name}.jinja"));
        let rendered = render(&template, &messages.unwrap(), tools.as_deref(), ending);
        let what = format!("{name}: {}", case["about"]);
        check(&what, rendered, &case["text"], &mut wrong);
        cases += 1;
    }
    assert!(cases > 50);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lines_that_end_as_on_windows_are_lines() {
    let template = read("templates/whitespace.jinja");
    let messages = r#"[{"role": "user", "content": "Hi"}]"#;
    let unix = render(&template, messages, None, Ending::ModelsTurn).unwrap();
    let windows = template.replace('\n', "\r\n");
    let windows = render(&windows, messages, None, Ending::ModelsTurn).unwrap();
    assert_eq!(unix, windows);
}

#[test]
fn a_prompt_and_a_system_prompt_are_a_conversation() {
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
    let asked = |system: Option<&str>| {
        let frame = ChatFrame {
            system: system.map(str::to_owned),
            messages: None,
        };
        let conversation = Conversation::of_prompt(&frame, "Hi").unwrap();
        conversation
            .render(template, &[], Ending::ModelsTurn)
            .unwrap()
    };
    assert_eq!(asked(None), "user: Hi\n");
    assert_eq!(asked(Some("Be brief.")), "system: Be brief.\nuser: Hi\n");
    let messages = br#"[{"role": "user", "content": "Hi"}]"#;
    let turns = Conversation::from_json(messages)
        .unwrap()
        .with_system("Be brief.")
        .unwrap();
    let text = turns.render(template, &[], Ending::ModelsTurn).unwrap();
    assert_eq!(text, asked(Some("Be brief.")));
    assert!(turns.with_system("Be long.").is_err());
}

#[test]
fn a_prompt_follows_the_turns_before_it() {
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
    let messages = r#"[{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}]"#;
    let frame = ChatFrame {
        system: Some("S".to_owned()),
        messages: Some(messages.to_owned()),
    };
    let text = |prompt| {
        let conversation = Conversation::of_prompt(&frame, prompt).unwrap();
        conversation.render(template, &[], Ending::Closed).unwrap()
    };
    let turns = "system: S\nuser: A\nassistant: B\n";
    assert_eq!(text("C"), format!("{turns}user: C\n"));
    assert_eq!(text(""), turns);
    let nothing = Conversation::of_prompt(&ChatFrame::default(), "").unwrap_err();
    assert!(nothing.to_string().contains("nothing is said"), "{nothing}");
}

#[test]
fn what_is_no_conversation_is_refused() {
    for (messages, told) in [
        ("[]", "there are no messages"),
        ("{}", "a list of messages is expected"),
        ("[1]", "message 1 is no object"),
        ("[{}, []]", "message 2 is no object"),
        ("[", "EOF while parsing"),
    ] {
        let error = Conversation::from_json(messages.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{messages}: {error}");
    }
    let conversation = Conversation::of_prompt(&ChatFrame::default(), "Hi").unwrap();
    for tools in ["{}", "[1]", "7"] {
        assert!(
            conversation.clone().with_tools(tools.as_bytes()).is_err(),
            "{tools}"
        );
    }
    assert!(!conversation.with_tools(b"null").unwrap().has_tools());
}

#[test]
fn a_template_says_why_it_refuses() {
    let template = "{{ raise_exception('Turns have to alternate, ' ~ bos_token) }}";
    let told = render(template, r#"[{"role": "user"}]"#, None, Ending::Closed).unwrap_err();
    assert_eq!(
        told.to_string(),
        "the chat template refuses this conversation: Turns have to alternate, <s>"
    );
}
