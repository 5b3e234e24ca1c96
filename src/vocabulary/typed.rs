//! The one rule for the space before what is typed as the next token or text: a word gets the space
//! that most tokens begin with, unless its script is written without spaces; what stands in
//! quotes is taken as it is.

use icu_properties::CodePointMapData;
use icu_properties::props::Script;

/// The rule in few words, to stand beside a field.
pub const RULE: &str = "words get a leading space, \"quotes\" do not";

/// The sign by which a leading space is shown, and may be typed.
const SPACE_SIGN: char = '·';

/// Scripts in which words follow each other without a space.
const UNSPACED: [Script; 15] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Yi,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
    Script::Tibetan,
    Script::TaiLe,
    Script::NewTaiLue,
    Script::TaiTham,
    Script::TaiViet,
    Script::Javanese,
];

/// A word with the space before it that it has in a text; what begins with a space, a line end or
/// the like keeps that.
#[must_use]
pub fn with_leading_space(word: &str) -> String {
    match word.chars().next() {
        None => String::new(),
        Some(SPACE_SIGN) if word.len() > SPACE_SIGN.len_utf8() => {
            format!(" {}", &word[SPACE_SIGN.len_utf8()..])
        }
        Some(first) if first.is_whitespace() || is_unspaced(first) => word.to_owned(),
        Some(_) => format!(" {word}"),
    }
}

fn is_unspaced(character: char) -> bool {
    // Punctuation and wide forms of East Asia, which belong to several scripts.
    let is_east_asian = matches!(character, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF65}');
    is_east_asian || UNSPACED.contains(&CodePointMapData::<Script>::new().get(character))
}

/// What a whole line means: a text in quotes as it is, anything else with its leading space. `\n`,
/// `\t` and `\\` mean what they mean in most programs.
#[must_use]
pub fn meant(line: &str) -> String {
    match in_quotes(line) {
        Some(inner) => unescaped(inner),
        None => with_leading_space(&unescaped(line)),
    }
}

/// The way to type a text on a line, as short as can be: the inverse of [`meant`].
#[must_use]
pub fn as_typed(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain = escaped(&text);
    let without_space = plain.strip_prefix(' ').map(str::to_owned);
    let quoted = format!("\"{}\"", plain.replace('"', "\\\""));
    let mut ways = without_space.into_iter().chain([plain]);
    ways.find(|way| meant(way) == text).unwrap_or(quoted)
}

/// What stands in quotes, where nothing else is on the line.
pub fn in_quotes(line: &str) -> Option<&str> {
    let quote = line.chars().next().filter(|c| matches!(c, '"' | '`'))?;
    let inner = &line[quote.len_utf8()..];
    let mut characters = inner.char_indices();
    while let Some((at, next)) = characters.next() {
        if next == '\\' {
            characters.next();
        } else if next == quote {
            let is_last = characters.next().is_none();
            return is_last.then(|| &inner[..at]);
        }
    }
    None
}

/// A text with its line ends, tabs and backslashes as they are typed.
#[must_use]
pub fn escaped(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\");
    escaped.replace('\n', "\\n").replace('\t', "\\t")
}

/// The text that was typed: the inverse of [`escaped`].
#[must_use]
pub fn unescaped(typed: &str) -> String {
    let mut text = String::new();
    let mut rest = typed.chars();
    while let Some(next) = rest.next() {
        text.push(match next {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_typing_means_one_text() {
        for (typed, text) in [
            ("is", " is"),
            ("is not", " is not"),
            (" is", " is"),
            ("  is", "  is"),
            ("·is", " is"),
            ("\"is\"", "is"),
            ("`is`", "is"),
            ("\"say \\\"is\\\"\"", "say \"is\""),
            ("\"is\" it", " \"is\" it"),
            ("\"is", " \"is"),
            (",", " ,"),
            ("\",\"", ","),
            ("\\nis", "\nis"),
            ("a\\\\b", " a\\b"),
            ("", ""),
            ("\"\"", ""),
            ("·", " ·"),
        ] {
            assert_eq!(meant(typed), text, "{typed:?}");
        }
    }

    #[test]
    fn scripts_without_spaces_get_none() {
        for word in [
            "日本",
            "です",
            "カ",
            "ไทย",
            "ລາວ",
            "ខ្មែរ",
            "မြန်မာ",
            "。",
            "，",
            "「",
        ] {
            assert_eq!(with_leading_space(word), word);
        }
        for word in ["한국", "нет", "नहीं", "לא", "é", "7", "🙂"] {
            assert_eq!(with_leading_space(word), format!(" {word}"));
        }
    }

    #[test]
    fn a_text_is_typed_as_short_as_can_be() {
        for (text, typed) in [
            (" is", "is"),
            ("is", "\"is\""),
            (" the same", "the same"),
            (" ", " "),
            ("  is", "  is"),
            ("\n", "\\n"),
            ("日本", "日本"),
            (" 日本", " 日本"),
            (",", "\",\""),
            ("\"", "\"\\\"\""),
            ("", ""),
        ] {
            assert_eq!(as_typed(text), typed, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_read_as_it_is_typed(text in "[ a\\\\nt\n\t日·\"`]{0,8}") {
            let typed = as_typed(&text);
            proptest::prop_assert!(!typed.contains(['\n', '\t']));
            proptest::prop_assert_eq!(meant(&typed), text);
        }
    }
}
