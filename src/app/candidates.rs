//! The way candidates are typed.
//!
//! Words, with spaces between them: `is are` are the candidates ` is` and ` are`. A word gets a
//! leading space, since most tokens that can follow a text begin with one. What stands in
//! quotes, `"…"` or `` `…` ``, is taken as it is: `"is"` has no leading space, `" the same"` has one
//! inside, and `\n`, `\t`, `\"` and `\\` mean what they mean in most programs.

/// The candidates of what was typed, leading spaces included, each once, in their order.
#[must_use]
pub fn parse_candidates(typed: &str) -> Vec<String> {
    let mut candidates: Vec<String> = Vec::new();
    let mut rest = typed.chars().peekable();
    while let Some(first) = rest.next() {
        let candidate = match first {
            '"' | '`' => quoted(&mut rest, first),
            space if space.is_whitespace() => continue,
            // The sign by which a leading space is shown; alone it is a word not yet begun.
            '·' => match word(&mut rest, String::new()) {
                word if word.is_empty() => continue,
                word => format!(" {word}"),
            },
            other => word(&mut rest, format!(" {other}")),
        };
        if !candidate.is_empty() && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// The way to type these candidates, so that [`parse_candidates`] gives them back.
#[must_use]
pub fn typed_candidates<'c>(candidates: impl Iterator<Item = &'c str>) -> String {
    candidates.map(typed).collect::<Vec<_>>().join(" ")
}

fn typed(candidate: &str) -> String {
    let is_word = |word: &&str| {
        let odd = |c: char| c.is_whitespace() || matches!(c, '"' | '`');
        !word.is_empty() && !word.starts_with('·') && !word.contains(odd)
    };
    if let Some(word) = candidate.strip_prefix(' ').filter(is_word) {
        return word.to_owned();
    }
    let mut quoted = String::from('"');
    for c in candidate.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '"' | '\\' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

type Characters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

fn word(rest: &mut Characters<'_>, mut word: String) -> String {
    while let Some(next) = rest.next_if(|c| !c.is_whitespace() && !matches!(c, '"' | '`')) {
        word.push(next);
    }
    word
}

/// Up to the closing quote; while it is being typed, up to the end.
fn quoted(rest: &mut Characters<'_>, quote: char) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
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
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_typed_for_candidates_gives_them_back(
            candidates in proptest::collection::hash_set("[ \n\t\"`\\\\·a日]{1,4}", 0..4),
        ) {
            let candidates: Vec<String> = candidates.into_iter().collect();
            let typed = typed_candidates(candidates.iter().map(String::as_str));
            proptest::prop_assert_eq!(parse_candidates(&typed), candidates, "{}", typed);
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
            ("\"unclosed", vec!["unclosed"]),
            ("\"\"", vec![]),
            ("\" \"", vec![" "]),
            ("·", vec![]),
            ("is\"x", vec![" is", "x"]),
        ] {
            assert_eq!(parse_candidates(typed), candidates, "{typed:?}");
        }
    }
}
