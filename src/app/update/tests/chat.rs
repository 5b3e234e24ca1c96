//! Chat: prompts as turns of a conversation.

use super::*;
use crate::app::SavedTrace;
use crate::run::ChatFrame;
use crate::settings::Switch;

fn begun(effects: &[Effect]) -> crate::engine::RunRequest {
    let run = effects.iter().find_map(|effect| match effect {
        Effect::Engine(Command::Run(run)) => Some(run.clone()),
        _ => None,
    });
    run.unwrap()
}

const MESSAGES: &str = r#"[{"role": "user", "content": "A"}]"#;

#[test]
fn chat_is_off_until_a_key_turns_it_on() {
    let mut state = ready();
    type_text(&mut state, "ab");
    assert_eq!(begun(&press(&mut state, "enter")).chat, None);
    press(&mut state, "i");
    press(&mut state, "ctrl-x");
    let told = state.notice.clone().unwrap().text;
    assert!(told.starts_with("Chat on"), "{told}");
    let frame = Some(ChatFrame::default());
    assert_eq!(begun(&press(&mut state, "enter")).chat, frame);
    // In the panes as well.
    state.view.focus = Pane::Grid;
    press(&mut state, "ctrl-x");
    assert_eq!(begun(&press(&mut state, "enter")).chat, None);
}

#[test]
fn what_is_sent_is_what_the_runs_text_begins_with() {
    let mut state = ready();
    press(&mut state, "ctrl-x");
    type_text(&mut state, "ab");
    let run = begun(&press(&mut state, "enter")).id;
    let prompt = PROMPT.into();
    hear(&mut state, Event::Started { run, prompt });
    let text = "<user>ab</user>".to_owned();
    hear(&mut state, Event::Framed { run, text });
    step(&mut state, run, 0);
    let shown = state.run.clone().unwrap();
    assert_eq!((shown.sent(), shown.title()), ("<user>ab</user>", "ab"));
    let record = state.record().unwrap();
    assert_eq!(record.prompt, "<user>ab</user>");
    assert_eq!(record.chat.unwrap().prompt, "ab");
    // Once more with a change, it is the same conversation.
    state.view.focus = Pane::Grid;
    let changed = begun(&press(&mut state, "x"));
    assert_eq!((changed.prompt.as_str(), changed.chat), ("ab", shown.chat));
}

#[test]
fn turns_before_the_prompt_are_a_prompt_by_themselves() {
    let mut settings = settings();
    settings.options.chat.template = Switch::On;
    let start = Start {
        messages: Some(MESSAGES.to_owned()),
        ..Start::on((120, 40))
    };
    let (mut state, _) = State::new(settings, start);
    let asked = begun(&hear(&mut state, Event::Ready(model())));
    let frame = ChatFrame {
        system: None,
        messages: Some(MESSAGES.to_owned()),
    };
    assert_eq!(
        (asked.prompt.as_str(), asked.chat),
        ("", Some(frame.clone()))
    );
    state.view.focus = Pane::Prompt;
    type_text(&mut state, "b");
    press(&mut state, ":");
    let asked = begun(&press(&mut state, "enter"));
    assert_eq!((asked.prompt.as_str(), asked.chat), ("b:", Some(frame)));
}

#[test]
fn a_system_prompt_is_an_option() {
    let mut state = ready();
    state.view.focus = Pane::Grid;
    for line in ["set chat.system Be brief.", "set chat.template on"] {
        press(&mut state, ":");
        type_text(&mut state, line);
        press(&mut state, "enter");
    }
    let told = state.notice.clone().unwrap().text;
    assert_eq!(told, "chat.template = on: from the next run on");
    state.view.focus = Pane::Prompt;
    type_text(&mut state, "ab");
    let asked = begun(&press(&mut state, "enter"));
    assert_eq!(asked.chat.unwrap().system.unwrap(), "Be brief.");
}

#[test]
fn a_saved_conversation_comes_back_as_it_was() {
    let record = Arc::new(testing::record());
    let saved = SavedTrace {
        path: "t.json".into(),
        record: Arc::clone(&record),
    };
    let (state, _) = State::of_saved(settings(), Start::on((120, 40)), saved);
    let chat = record.chat.clone().unwrap();
    assert_eq!(state.prompt.text(), chat.prompt);
    assert_eq!(state.chat(), Some(chat.frame));
    assert_eq!(state.record().unwrap(), *record);
    assert_eq!(state.run.unwrap().sent(), record.prompt);
}

#[test]
fn saved_states_are_of_one_text_and_no_conversation() {
    let mut settings = settings();
    settings.options.chat.template = Switch::On;
    let (mut state, _) = State::new(settings, Start::on((120, 40)));
    let info = ModelInfo {
        saved_run: Some(crate::run::SavedText {
            prompt: "ab".into(),
            steps: 2,
        }),
        ..(*model()).clone()
    };
    let asked = begun(&hear(&mut state, Event::Ready(Arc::new(info))));
    assert_eq!((asked.prompt.as_str(), asked.chat), ("ab", None));
}

#[test]
fn the_prompts_tokens_are_a_page() {
    let (mut state, _) = with_steps(1);
    state.view.focus = Pane::Grid;
    press(&mut state, "shift-k");
    assert!(matches!(state.page, Some(Page::PromptTokens(_))));
    press(&mut state, "pagedown");
    let Some(Page::PromptTokens(page)) = &state.page else {
        panic!("{:?}", state.page);
    };
    assert_eq!(page.first, 0, "one token needs no second line");
    press(&mut state, "esc");
    assert!(state.page.is_none());
}
