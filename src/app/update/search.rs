//! Search in the grid: typed in the key line's place, then repeated by a key.

use tui_input::Input;

use crate::app::search::{Direction, Query, SearchPath, search};
use crate::app::{InputLine, NoticeKind, State};

/// Open the field.
pub fn open(state: &mut State) {
    if state.extent().shown() == 0 {
        state.say(
            NoticeKind::Info,
            "There is nothing to search in: generate first.",
        );
        return;
    }
    state.line = Some(InputLine::Search(Input::default()));
}

/// Take what was typed, and go to the next cell of it; where nothing was typed, of what was looked
/// for last.
pub fn find(state: &mut State) {
    let Some(InputLine::Search(field)) = state.line.take() else {
        return;
    };
    if let Some(query) = Query::parse(field.value()) {
        state.last_search = Some(query);
    }
    find_again(state, Direction::Forward);
}

/// Go to the next cell of what was looked for last.
pub fn find_again(state: &mut State, direction: Direction) {
    let Some(query) = &state.last_search else {
        state.say(NoticeKind::Info, "Nothing was searched for yet.");
        return;
    };
    match search(state, query, direction) {
        Some(found) => {
            let way = match (found.way, direction) {
                (SearchPath::Straight, _) => "",
                (SearchPath::Around, Direction::Forward) => ", from the start again",
                (SearchPath::Around, Direction::Back) => ", from the end again",
            };
            let text = format!("{}: {} · {}{way}", query, found.place, found.row);
            state.cursor.select(found.place);
            state.cursor.row = found.row;
            state.say(NoticeKind::Info, text);
        }
        None => {
            let text = query.not_found();
            state.say(NoticeKind::Info, text);
        }
    }
}
