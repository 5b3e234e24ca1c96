//! The way candidates are typed.
//!
//! Words, with spaces between them: `is are` are the candidates ` is` and ` are`. A word gets its
//! leading space as [`crate::vocabulary::typed`] says. What stands in quotes, `"…"` or `` `…` ``,
//! is taken as it is: `"is"` has no leading space, `" the same"` has one inside, and `\n`, `\t`,
//! `\"` and `\\` mean what they mean in most programs. `#1234` is the token of that number.

use std::ops::Range;

use crate::run::CandidateRequest;
use crate::trace::TokenId;
use crate::vocabulary::Vocabulary;

/// The candidates of what was typed, leading spaces included, each once, in their order.
#[must_use]
pub fn parse_candidates(typed: &str) -> Vec<CandidateRequest> {
    let mut candidates: Vec<CandidateRequest> = Vec::new();
    for piece in pieces(typed) {
        let wanted = match piece.form {
            Form::Bare => of_word(&typed[piece.at]),
            Form::Quoted(text) => (!text.is_empty()).then_some(CandidateRequest::Text(text)),
        };
        if let Some(wanted) = wanted.filter(|wanted| !candidates.contains(wanted)) {
            candidates.push(wanted);
        }
    }
    candidates
}

/// The way to type these candidates, so that [`parse_candidates`] gives them back.
#[must_use]
pub fn typed_candidates<'c>(candidates: impl Iterator<Item = &'c str>) -> String {
    let spelled: Vec<String> = candidates.filter_map(spelled_text).collect();
    spelled.join(" ")
}

/// Where the cursor stands in what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnderCursor {
    /// In a word, or right behind it; these are its bytes.
    Word(Range<usize>),
    /// In quotes.
    Quotes,
    /// Between candidates.
    Gap,
}

/// Where the byte `cursor` stands in what is typed.
#[must_use]
pub fn under_cursor(typed: &str, cursor: usize) -> UnderCursor {
    let found = pieces(typed)
        .into_iter()
        .find(|piece| piece.at.start <= cursor && cursor <= piece.at.end);
    match found {
        Some(Piece {
            at,
            form: Form::Bare,
        }) => UnderCursor::Word(at),
        // Behind the closing quote something new begins.
        Some(piece) if piece.at.start < cursor && cursor < piece.at.end => UnderCursor::Quotes,
        _ => UnderCursor::Gap,
    }
}

/// A token as it is typed: a word, a text in quotes, or its number where its text would not do.
#[must_use]
pub fn spelled(token: TokenId, vocabulary: &Vocabulary) -> String {
    match std::str::from_utf8(vocabulary.bytes(token)) {
        Ok(text) if !text.is_empty() => spelled_text(text).unwrap_or_else(|| numbered(token)),
        _ => numbered(token),
    }
}

fn numbered(token: TokenId) -> String {
    CandidateRequest::Token(token).to_string()
}

/// A text as it is typed; `None` for one that the field cannot hold.
#[must_use]
pub fn spelled_text(text: &str) -> Option<String> {
    let wanted = [CandidateRequest::Text(text.to_owned())];
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    let word = text.strip_prefix(' ').map(str::to_owned);
    word.into_iter()
        .chain([text.to_owned(), format!("\"{escaped}\"")])
        .filter(|spelled| !spelled.contains(char::is_control))
        .find(|spelled| parse_candidates(spelled) == wanted)
}

/// A piece of what is typed.
struct Piece {
    at: Range<usize>,
    form: Form,
}

enum Form {
    /// A word.
    Bare,
    /// A text in quotes, and what it means.
    Quoted(String),
}

/// What stands between spaces, or in quotes.
fn pieces(typed: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = typed.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let form = match first {
            '"' | '`' => Form::Quoted(quoted(&mut rest, first)),
            space if space.is_whitespace() => continue,
            _ => {
                while rest
                    .next_if(|(_, c)| !c.is_whitespace() && !matches!(c, '"' | '`'))
                    .is_some()
                {}
                Form::Bare
            }
        };
        let end = rest.peek().map_or(typed.len(), |(at, _)| *at);
        pieces.push(Piece {
            at: start..end,
            form,
        });
    }
    pieces
}

/// The sign of a leading space is, alone, a word not yet begun.
fn of_word(word: &str) -> Option<CandidateRequest> {
    (word != "·").then(|| CandidateRequest::typed(word))
}

type Characters<'t> = std::iter::Peekable<std::str::CharIndices<'t>>;

/// Up to the closing quote; while it is being typed, up to the end.
fn quoted(rest: &mut Characters<'_>, quote: char) -> String {
    let mut text = String::new();
    while let Some((_, next)) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other)) => text.push(other),
                None => {}
            },
            end if end == quote => break,
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_typed_for_candidates_gives_them_back(
            candidates in proptest::collection::hash_set("[ \n\t\"`\\\\·a日]{1,4}", 0..4),
        ) {
            let candidates: Vec<String> = candidates.into_iter().collect();
            let typed = typed_candidates(candidates.iter().map(String::as_str));
            let wanted: Vec<CandidateRequest> = candidates.into_iter().map(CandidateRequest::Text).collect();
            proptest::prop_assert_eq!(parse_candidates(&typed), wanted, "{}", typed);
        }
    }

    #[test]
    fn candidates_are_typed_as_short_as_can_be() {
        let typed = typed_candidates([" is", "is", " the same", "\n"].into_iter());
        assert_eq!(typed, r#"is "is" " the same" "\n""#);
    }

    #[test]
    fn each_way_of_typing_means_one_thing() {
        for (typed, candidates) in [
            ("", vec![]),
            ("   ", vec![]),
            ("is are", vec![" is", " are"]),
            (" is  are ", vec![" is", " are"]),
            ("` is` ` are`", vec![" is", " are"]),
            ("\" is\"\" are\"", vec![" is", " are"]),
            ("·is", vec![" is"]),
            ("\"is\" is", vec!["is", " is"]),
            ("\" the same\"", vec![" the same"]),
            ("\"\\n\" \"\\\\\"", vec!["\n", "\\"]),
            ("is is", vec![" is"]),
            ("don't 's", vec![" don't", " 's"]),
            ("日本 ·日本 です", vec!["日本", " 日本", "です"]),
            ("\"unclosed", vec!["unclosed"]),
            ("\"\"", vec![]),
            ("\" \"", vec![" "]),
            ("·", vec![]),
            ("is\"x", vec![" is", "x"]),
            ("·#12 \"#12\" #x #", vec![" #12", "#12", " #x", " #"]),
        ] {
            let expected: Vec<CandidateRequest> =
                candidates.into_iter().map(CandidateRequest::from).collect();
            assert_eq!(parse_candidates(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_number_sign_names_a_token() {
        let [text, token] = [
            CandidateRequest::from(" is"),
            CandidateRequest::Token(TokenId(318)),
        ];
        assert_eq!(parse_candidates("is #318 #318"), [text, token]);
    }

    #[test]
    fn the_word_under_the_cursor_is_found() {
        use UnderCursor::{Gap, Quotes, Word};
        for (typed, cursor, expected) in [
            ("", 0, Gap),
            ("is", 0, Word(0..2)),
            ("is", 2, Word(0..2)),
            ("is ", 3, Gap),
            ("is are", 4, Word(3..6)),
            ("\"is\"", 2, Quotes),
            ("\"is\"", 4, Gap),
            ("\"is\"x", 5, Word(4..5)),
        ] {
            assert_eq!(under_cursor(typed, cursor), expected, "{typed:?} {cursor}");
        }
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_read_back(text in ".{1,12}") {
            if let Some(spelled) = spelled_text(&text) {
                prop_assert_eq!(parse_candidates(&spelled), [CandidateRequest::Text(text)]);
            }
        }

        #[test]
        fn every_text_without_other_control_characters_can_be_typed(text in "[ -~\n\tä·…]{1,12}") {
            prop_assert!(spelled_text(&text).is_some());
        }

        #[test]
        fn any_typing_is_taken(typed in ".{0,24}", cursor in 0usize..40) {
            let candidates = parse_candidates(&typed);
            for (at, candidate) in candidates.iter().enumerate() {
                prop_assert!(!candidates[..at].contains(candidate));
            }
            if let UnderCursor::Word(at) = under_cursor(&typed, cursor) {
                prop_assert!(typed.get(at).is_some_and(|word| !word.contains(' ')));
            }
        }
    }
}
