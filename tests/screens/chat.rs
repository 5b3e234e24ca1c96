//! What a chat template makes of a prompt, as it is shown.

use lenscape::engine::Event;
use lenscape::trace::TokenId;
use lenscape::vocabulary::Piece;

use super::scene::Scene;
use super::{keep, keep_one, keep_styled};

/// A conversation in which the user speaks of a special token.
fn talk(columns: u16, rows: u16) -> Scene {
    let text = |text: &str| Piece::Bytes(text.into());
    let pieces = [
        Piece::Special("<|im_start|>".into()),
        Piece::Special("<|im_end|>".into()),
        text("user"),
        text("\n"),
        text("assistant"),
        text("What"),
        text(" is"),
        text(" <|"),
        text("im"),
        text("_start|>?"),
    ];
    let scene = Scene::ready(columns, rows)
        .of_tokens(pieces)
        .press("ctrl-x")
        .types("What is it?")
        .press("enter");
    let run = scene.run_id();
    let prompt = [0, 2, 3, 5, 6, 17, 8, 9, 1, 13, 20, 4, 30003];
    let prompt = prompt.map(TokenId).into();
    let text = "<|im_start|>user\nWhat is <|im_start|>?<|im_end|>\n<|im_start|>assistant\n";
    scene
        .hears(Event::Started { run, prompt })
        .hears(Event::Framed {
            run,
            text: text.into(),
        })
        .steps(2)
}

#[test]
fn a_conversation_in_the_log() {
    keep("chat_log", |columns, rows| {
        talk(columns, rows).presses(&["esc", "tab", "tab", "tab"])
    });
    let scene = talk(80, 24).presses(&["esc", "tab", "tab", "tab"]);
    keep_styled("chat_log", &scene);
}

#[test]
fn the_prompts_tokens_with_their_borders_and_ids() {
    let page = |columns, rows| talk(columns, rows).presses(&["esc", "tab", "shift-k"]);
    keep_one("prompt_tokens_80x24", &page(80, 24));
}

#[test]
fn the_page_of_tokens_says_what_to_do_before_there_are_any() {
    let scene = Scene::ready(80, 24).presses(&["tab", "shift-k"]);
    assert!(super::styled::text(&scene.picture()).contains("run the prompt first"));
}
