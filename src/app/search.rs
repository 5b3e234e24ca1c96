//! Search in the grid: what can be looked for, how it is typed, and the way to the next cell.

use std::fmt;

use super::State;
use crate::trace::{Column, Place, Position, Row, Step, TokenId};
use crate::vocabulary::Vocabulary;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// A cell in which the chosen token is on rank 1, and at the layer below it was not.
    Becomes,
    /// A cell in which it is not, and at the layer below it was.
    Leaves,
    /// The cell from which on it stays on rank 1.
    Settles,
    /// A cell whose layer says this token.
    Says(String),
    /// A column of this token.
    Token(String),
    /// A column by its place.
    Place(Place),
    /// A row.
    Row(Row),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Up the layers, then on to the next column.
    Forward,
    /// The other way.
    Back,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Back,
            Self::Back => Self::Forward,
        }
    }
}

/// A cell that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// Its column.
    pub place: Place,
    /// Its row.
    pub row: Row,
    /// How it was come to.
    pub way: SearchPath,
}

/// How a cell was come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchPath {
    /// Straight on.
    Straight,
    /// Over the end of the grid, and on from the other end.
    Around,
}

impl Query {
    /// What was typed: `+1` becomes, `-1` leaves, `=1` settles on rank 1; `#X` a column of the
    /// token X, `@12` step 12, `@p3` the prompt's third token, `L5` layer 5, `emb`; any other
    /// text is a token that a layer says. `"…"` takes a text as it is, `#"…"` likewise. `None`
    /// where nothing was typed.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
        if let Some(token) = typed.strip_prefix('#').filter(|token| !token.is_empty()) {
            return Some(Self::Token(unquoted(token)));
        }
        if let Some(position) = typed.strip_prefix("@p").and_then(number) {
            return Some(Self::Place(Place::Prompt(Position(position))));
        }
        if let Some(step) = typed.strip_prefix('@').and_then(number) {
            return Some(Self::Place(Place::Step(Step(step))));
        }
        if let Ok(row) = typed.parse() {
            return Some(Self::Row(row));
        }
        Some(match typed {
            "" => return None,
            "+1" => Self::Becomes,
            "-1" => Self::Leaves,
            "=1" => Self::Settles,
            text => Self::Says(unquoted(text)),
        })
    }
}

impl fmt::Display for Query {
    /// In words, for the line that says what was found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Becomes => f.write_str("becomes rank 1"),
            Self::Leaves => f.write_str("leaves rank 1"),
            Self::Settles => f.write_str("settles"),
            Self::Says(text) => write!(f, "says {text:?}"),
            Self::Token(text) => write!(f, "token {text:?}"),
            Self::Place(place) => place.fmt(f),
            Self::Row(row) => row.fmt(f),
        }
    }
}

impl Query {
    /// That nothing of it was found, in words.
    #[must_use]
    pub fn not_found(&self) -> String {
        match self {
            Self::Says(text) => format!("no layer says {text:?}"),
            Self::Token(text) => format!("no step has the token {text:?}"),
            Self::Becomes => "nothing becomes rank 1".to_owned(),
            Self::Leaves => "nothing leaves rank 1".to_owned(),
            Self::Settles => "nothing settles on rank 1".to_owned(),
            Self::Place(_) | Self::Row(_) => format!("{self} is not in the grid"),
        }
    }
}

fn unquoted(text: &str) -> String {
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inside.unwrap_or(text).to_owned()
}

/// The next cell of the grid, the selected one being the last that is looked at; columns that
/// have not come yet are passed over.
#[must_use]
pub fn search(state: &State, query: &Query, direction: Direction) -> Option<SearchHit> {
    let extent = state.extent();
    let mut rows = state.rows();
    rows.sort_unstable();
    let row = state.cursor.row;
    match query {
        Query::Place(place) => {
            let exists = match place {
                Place::Prompt(position) => (1..=extent.prompt).contains(&position.0),
                Place::Step(step) => step.0 < extent.steps,
            };
            return exists.then_some(straight(*place, row));
        }
        Query::Row(row) => {
            let exists = rows.contains(row);
            return exists.then_some(straight(state.cursor.place(), *row));
        }
        _ => {}
    }
    let vocabulary = &state.model.ready.as_ref()?.vocabulary;
    // The column of a token is found in the selected row, and every column once.
    if matches!(query, Query::Token(_)) {
        rows = vec![row];
    }
    let all = extent.shown() * rows.len();
    let row_index = rows.iter().position(|other| *other == row).unwrap_or(0);
    let selected = state.cursor.place().index(extent.prompt) * rows.len() + row_index;
    (1..=all).find_map(|distance| {
        let (at, way) = match direction {
            Direction::Forward => ((selected + distance) % all, way(selected + distance >= all)),
            Direction::Back => ((selected + all - distance) % all, way(distance > selected)),
        };
        let place = Place::of_index(at / rows.len(), extent.prompt);
        let row = rows[at % rows.len()];
        let column = state.grid_run()?.column_at(place)?;
        matches(query, column, row, vocabulary).then_some(SearchHit { place, row, way })
    })
}

fn straight(place: Place, row: Row) -> SearchHit {
    SearchHit {
        place,
        row,
        way: SearchPath::Straight,
    }
}

fn way(over_the_end: bool) -> SearchPath {
    match over_the_end {
        true => SearchPath::Around,
        false => SearchPath::Straight,
    }
}

fn matches(query: &Query, column: &Column, row: Row, vocabulary: &Vocabulary) -> bool {
    let first_at = |row: Row| column.cell(row).map(|cell| cell.score.rank == 1);
    let below = row.below().and_then(first_at);
    match query {
        Query::Becomes => first_at(row) == Some(true) && below != Some(true),
        Query::Leaves => first_at(row) == Some(false) && below == Some(true),
        Query::Settles => column.settling_layer().map(Row::Layer) == Some(row),
        Query::Says(text) => column
            .cell(row)
            .and_then(|cell| cell.top.first())
            .is_some_and(|(id, _)| is_token(*id, text, vocabulary)),
        Query::Token(text) => is_token(column.token, text, vocabulary),
        Query::Place(_) | Query::Row(_) => false,
    }
}

/// Whether a token is the typed one, with or without a space before it, by its text or as it is
/// shown.
fn is_token(id: TokenId, typed: &str, vocabulary: &Vocabulary) -> bool {
    let bytes = vocabulary.bytes(id);
    let text = bytes.strip_prefix(b" ").unwrap_or(bytes);
    !typed.is_empty()
        && (bytes == typed.as_bytes() || text == typed.as_bytes() || vocabulary.label(id) == typed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::trace::Layer;
    use crate::vocabulary::Piece;

    #[test]
    fn each_way_of_typing_means_one_thing() {
        for (typed, query) in [
            ("", None),
            ("+1", Some(Query::Becomes)),
            ("-1", Some(Query::Leaves)),
            ("=1", Some(Query::Settles)),
            ("@12", Some(Query::Place(Place::Step(Step(11))))),
            ("@p3", Some(Query::Place(Place::Prompt(Position(2))))),
            ("@0", Some(Query::Says("@0".into()))),
            ("@home", Some(Query::Says("@home".into()))),
            ("L5", Some(Query::Row(Row::Layer(Layer(5))))),
            ("London", Some(Query::Says("London".into()))),
            ("emb", Some(Query::Row(Row::Embedding))),
            ("are", Some(Query::Says("are".into()))),
            ("\"+1\"", Some(Query::Says("+1".into()))),
            ("#are", Some(Query::Token("are".into()))),
            ("#\" are\"", Some(Query::Token(" are".into()))),
            ("#", Some(Query::Says("#".into()))),
        ] {
            assert_eq!(Query::parse(typed), query, "{typed:?}");
        }
    }

    #[test]
    fn a_token_is_known_by_its_text_with_and_without_a_space_and_by_its_label() {
        let pieces = [" are", "are", "area", "\n", " "];
        let vocabulary = Vocabulary::new(pieces.map(|text| Piece::Bytes(text.into())).into());
        let found = |typed: &str| -> Vec<usize> {
            (0..pieces.len())
                .filter(|id| is_token(TokenId(*id as u32), typed, &vocabulary))
                .collect()
        };
        assert_eq!(found("are"), [0, 1]);
        assert_eq!(found(" are"), [0]);
        assert_eq!(found("·are"), [0]);
        assert_eq!(found("⏎"), [3]);
        assert_eq!(found(" "), [4]);
        assert!(found("").is_empty());
    }
}
