//! No size, no order of messages and no token brings the drawing down.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use lenscape::app::Message;
use lenscape::engine::{Answer, Ask, Event, Question, Rest};
use lenscape::run::{RunId, StopReason};
use lenscape::settings::theme::Depth;
use lenscape::trace::{Column, LensKind, Position, Rows, Step};
use proptest::prelude::*;

use super::golden;
use super::scene::{Scene, draw};

#[derive(Clone, Debug)]
enum Happening {
    Key(KeyEvent),
    Paste(String),
    Mouse(u16, u16, bool),
    Resize(u16, u16),
    Steps(usize),
    Finished,
    StrayStep(u64, usize),
    Progress(usize, usize),
    Ready,
    LoadFailed,
    Failed,
    Relens(usize),
    PromptColumns(usize, usize),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let codes = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        prop::char::range('!', '~').prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
            KeyCode::Null,
        ]),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    (codes, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => key().prop_map(Happening::Key),
        1 => ".{0,20}".prop_map(Happening::Paste),
        2 => (0u16..200, 0u16..60, any::<bool>()).prop_map(|(x, y, wheel)| Happening::Mouse(x, y, wheel)),
        2 => (0u16..=200, 0u16..=60).prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        2 => (0usize..12).prop_map(Happening::Steps),
        1 => Just(Happening::Finished),
        1 => (0u64..4, 0usize..20).prop_map(|(run, step)| Happening::StrayStep(run, step)),
        1 => (0usize..9, 0usize..9).prop_map(|(done, total)| Happening::Progress(done, total)),
        1 => Just(Happening::Ready),
        1 => Just(Happening::LoadFailed),
        1 => Just(Happening::Failed),
        1 => (0usize..5).prop_map(Happening::Relens),
        1 => (0usize..9, 0usize..9)
            .prop_map(|(first, count)| Happening::PromptColumns(first, count)),
    ]
}

fn happens(scene: &mut Scene, happening: Happening) {
    let run = scene.state.run.as_ref().map_or(RunId(1), |run| run.id);
    let column = |step: usize| -> Arc<Column> {
        let columns = golden::Case::cabinet().columns();
        Arc::clone(&columns[step % columns.len()])
    };
    let event = match happening {
        Happening::Key(key) => return scene.takes(Message::Key(key)),
        Happening::Paste(text) => return scene.takes(Message::Paste(text)),
        Happening::Mouse(column, row, wheel) => {
            let kind = match wheel {
                true => MouseEventKind::ScrollDown,
                false => MouseEventKind::Down(MouseButton::Left),
            };
            return scene.takes(Message::Mouse(MouseEvent {
                kind,
                column,
                row,
                modifiers: KeyModifiers::NONE,
            }));
        }
        Happening::Resize(columns, rows) => return scene.takes(Message::Resize { columns, rows }),
        Happening::Steps(count) => {
            let from = scene.state.grid_columns().len();
            for step in from..from + count {
                let event = Event::Step {
                    run,
                    step: Step(step),
                    column: column(step),
                    text: " x\n".into(),
                    made: scene.state.now,
                };
                scene.takes(Message::Engine(event));
            }
            return;
        }
        Happening::Finished => Event::Finished {
            run,
            reason: StopReason::EndOfText,
            text: String::new(),
        },
        Happening::StrayStep(run, step) => Event::Step {
            run: RunId(run),
            step: Step(step),
            column: column(step),
            text: String::new(),
            made: scene.state.now,
        },
        Happening::Progress(done, total) => Event::Loading { done, total },
        Happening::Ready => Event::Ready(golden::model()),
        Happening::LoadFailed => Event::LoadFailed("no".into()),
        Happening::Failed => Event::Failed {
            run: Some(run),
            message: "no".into(),
        },
        Happening::PromptColumns(first, count) => {
            let answer = Answer::PromptColumns {
                first: Position(first),
                columns: (0..count).map(column).collect(),
            };
            answered(run, LensKind::Normed, Ask::PromptColumns, answer)
        }
        Happening::Relens(steps) => {
            let answer = Answer::Relens((0..steps).map(column).collect());
            answered(run, LensKind::Raw, Ask::Relens, answer)
        }
    };
    scene.takes(Message::Engine(event));
}

fn answered(run: RunId, lens: LensKind, ask: Ask, answer: Answer) -> Event {
    Event::Answered {
        to: Arc::new(Question {
            run,
            lens,
            rows: Rows::Layers,
            ask,
        }),
        answer,
        rest: Rest::Nothing,
    }
}

fn depth() -> impl Strategy<Value = Depth> {
    prop::sample::select(vec![
        Depth::TrueColour,
        Depth::Indexed,
        Depth::Ansi,
        Depth::None,
    ])
}

proptest! {
    #[test]
    fn any_order_of_messages_can_be_drawn(
        size in (0u16..=200, 0u16..=60),
        depth in depth(),
        happenings in prop::collection::vec(happening(), 0..24),
    ) {
        let mut scene = Scene::start(size.0, size.1).at_depth(depth);
        for what in happenings {
            happens(&mut scene, what);
            scene.screen();
        }
    }

    /// The terminal may have become smaller, or larger, than the state knows.
    #[test]
    fn a_screen_of_another_size_than_expected_can_be_drawn(
        expected in (0u16..=200, 0u16..=60),
        actual in (0u16..=200, 0u16..=60),
        compare in any::<bool>(),
        help in any::<bool>(),
    ) {
        let mut scene = Scene::finished(expected.0, expected.1).press("tab");
        if compare {
            scene = scene.press("c").types("is are Cabinets");
        }
        if help {
            scene = scene.press("ctrl-g");
        }
        draw(&scene.state, actual.0, actual.1);
    }
}
