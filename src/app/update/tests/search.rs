//! Search in the grid, by keys.

use super::*;
use crate::trace::{BySum, Layer, LensKind, Place, Position, Row};

/// A run whose first layers say ` a`, ` b` … as the letters tell, each with the ranks of the chosen
/// token; the first column is ` a`, the second ` b`.
fn searched() -> State {
    let letters = ["a", "b", "c"];
    let pieces = letters.map(|text| Piece::Bytes(format!(" {text}").into()));
    let info = ModelInfo {
        vocabulary: Arc::new(Vocabulary::new(pieces.into())),
        n_layers: 4,
        ..(*model()).clone()
    };
    let (mut state, _) = start(None);
    hear(&mut state, Event::Ready(Arc::new(info)));
    type_text(&mut state, "ab");
    press(&mut state, "enter");
    let run = state.run.as_ref().unwrap().id;
    let prompt = vec![TokenId(2); 3];
    hear(&mut state, Event::Started { run, prompt });
    for (at, (token, cells)) in [
        (0, [(1, 2), (0, 1), (1, 3), (0, 1)]),
        (1, [(2, 9), (2, 4), (1, 1), (1, 1)]),
    ]
    .into_iter()
    .enumerate()
    {
        let cell = |(says, rank): (u32, u32)| Cell {
            top: vec![(TokenId(says), 1.0)],
            ..column(rank).embedding.clone().unwrap()
        };
        let column = Column {
            token: TokenId(token),
            lens: LensKind::Normed,
            embedding: Some(cell((2, 50))),
            layers: cells.into_iter().map(cell).collect(),
            inside: BySum::default(),
        };
        let event = Event::Step {
            run,
            step: Step(at),
            column: Arc::new(column),
            text: String::new(),
            made: state.now,
        };
        hear(&mut state, event);
    }
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "home");
    press(&mut state, "g");
    state
}

/// Where the cursor is: step and layer.
fn at(state: &State) -> (usize, usize) {
    match (state.cursor.place(), state.cursor.row) {
        (Place::Step(Step(step)), Row::Layer(Layer(layer))) => (step, layer),
        other => panic!("{other:?}"),
    }
}

fn find(state: &mut State, typed: &str) -> (usize, usize) {
    press(state, "/");
    type_text(state, typed);
    press(state, "enter");
    at(state)
}

/// The cells that `typed` finds, one after the other, once round.
fn found(typed: &str) -> Vec<(usize, usize)> {
    let mut state = searched();
    let mut cells = vec![find(&mut state, typed)];
    loop {
        press(&mut state, "n");
        if at(&state) == cells[0] {
            return cells;
        }
        cells.push(at(&state));
    }
}

#[test]
fn cells_are_found_up_the_layers_and_on_to_the_next_step() {
    assert_eq!(found("+1"), [(0, 1), (0, 3), (1, 2)]);
    assert_eq!(found("-1"), [(0, 2)]);
    assert_eq!(found("=1"), [(0, 3), (1, 2)]);
    assert_eq!(found("c"), [(1, 0), (1, 1)]);
    assert_eq!(found(" b"), [(0, 2), (1, 2), (1, 3), (0, 0)]);
    assert_eq!(found("#b"), [(1, 0)]);
}

#[test]
fn the_way_back_is_the_way_on_reversed() {
    let mut state = searched();
    find(&mut state, "+1");
    press(&mut state, "shift-n");
    assert_eq!(at(&state), (1, 2));
    assert!(state.notice.as_ref().unwrap().text.contains("from the end"));
    press(&mut state, "shift-n");
    assert_eq!(at(&state), (0, 3));
}

#[test]
fn a_step_and_a_layer_are_gone_to_by_their_numbers() {
    let mut state = searched();
    assert_eq!(find(&mut state, "@2"), (1, 0));
    assert_eq!(find(&mut state, "L3"), (1, 3));
    assert_eq!(find(&mut state, "L4"), (1, 3));
    assert!(
        state
            .notice
            .as_ref()
            .unwrap()
            .text
            .contains("not in the grid")
    );
    assert_eq!(find(&mut state, "@3"), (1, 3));
}

#[test]
fn the_prompts_tokens_are_searched_where_they_are_shown() {
    let mut state = searched();
    let run = state.run.as_ref().unwrap().id;
    press(&mut state, "shift-e");
    let mut read = (*column(1)).clone();
    read.token = TokenId(2);
    let layers = read.layers.iter().chain([read.embedding.as_ref()]);
    read.layers = layers.map(Option::<&Cell>::cloned).collect();
    hear(
        &mut state,
        answered(
            question(run, LensKind::Normed, Ask::PromptColumns),
            Answer::PromptColumns {
                first: Position(1),
                columns: vec![Arc::new(read)],
            },
        ),
    );
    press(&mut state, "/");
    type_text(&mut state, "#c");
    press(&mut state, "enter");
    assert_eq!(state.cursor.place(), Place::Prompt(Position(1)));
    press(&mut state, "/");
    type_text(&mut state, "@p3");
    press(&mut state, "enter");
    assert_eq!(state.cursor.place(), Place::Prompt(Position(2)));
}

#[test]
fn escape_gives_the_search_up_and_an_empty_one_repeats_the_last() {
    let mut state = searched();
    find(&mut state, "+1");
    press(&mut state, "/");
    type_text(&mut state, "#b");
    press(&mut state, "esc");
    assert_eq!(at(&state), (0, 1));
    assert_eq!(find(&mut state, ""), (0, 3));
}

#[test]
fn before_anything_was_searched_for_the_key_says_so() {
    let mut state = searched();
    press(&mut state, "n");
    assert_eq!(at(&state), (0, 0));
    assert!(state.notice.is_some());
}

#[test]
fn that_nothing_was_found_is_said_of_what_was_looked_for() {
    for (typed, told) in [
        ("zebra", "no layer says \"zebra\""),
        ("#zebra", "no step has the token \"zebra\""),
        ("L99", "L99 is not in the grid"),
    ] {
        let mut state = searched();
        find(&mut state, typed);
        assert_eq!(state.notice.unwrap().text, told);
    }
}
