//! Upper and lower case, and which kinds of characters a text has.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, NumericType};

use super::is_space;

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn numeric(character: char) -> NumericType {
    CodePointMapData::<NumericType>::new().get(character)
}

fn is_cased(character: char) -> bool {
    character.is_lowercase()
        || character.is_uppercase()
        || category(character) == GeneralCategory::TitlecaseLetter
}

/// A character in the case of titles: that of upper case, but only one letter of it.
fn title(character: char, out: &mut String) {
    let capital = |text: &str| {
        let mut characters = text.chars();
        let first: String = characters.next().into_iter().collect();
        first + &characters.as_str().to_lowercase()
    };
    match character {
        // Digraphs that have a case of their own for titles, with their neighbours.
        '\u{1c4}'..='\u{1c6}' => out.push('\u{1c5}'),
        '\u{1c7}'..='\u{1c9}' => out.push('\u{1c8}'),
        '\u{1ca}'..='\u{1cc}' => out.push('\u{1cb}'),
        '\u{1f1}'..='\u{1f3}' => out.push('\u{1f2}'),
        // Letters that are the same in titles.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => out.push(character),
        _ => {
            let upper: String = character.to_uppercase().collect();
            match upper.chars().count() {
                1 => out.push_str(&upper),
                _ => out.push_str(&capital(&upper)),
            }
        }
    }
}

/// Python's `title`: a word begins wherever a letter follows something else.
pub(in super::super) fn titled(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut behind_letter = false;
    for character in text.chars() {
        match behind_letter {
            true => titled.extend(character.to_lowercase()),
            false => title(character, &mut titled),
        }
        behind_letter = is_cased(character);
    }
    titled
}

/// Python's `capitalize`.
pub(in super::super) fn capitalized(text: &str) -> String {
    let mut capitalized = String::with_capacity(text.len());
    let mut characters = text.chars();
    if let Some(first) = characters.next() {
        title(first, &mut capitalized);
    }
    // In lower case as a whole, for letters that differ at the end of a word.
    let lower = text.to_lowercase();
    let first: usize = text
        .chars()
        .next()
        .map_or(0, |first| first.to_lowercase().map(char::len_utf8).sum());
    capitalized.push_str(lower.get(first..).unwrap_or_default());
    capitalized
}

/// Python's `swapcase`.
pub(super) fn swapped(text: &str) -> String {
    let mut swapped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_uppercase() {
            swapped.extend(character.to_lowercase());
        } else if character.is_lowercase() {
            swapped.extend(character.to_uppercase());
        } else {
            swapped.push(character);
        }
    }
    swapped
}

/// Python's `islower`: there is a letter, and none in another case.
pub(in super::super) fn is_lower(text: &str) -> bool {
    let mut cased = text.chars().filter(|&c| is_cased(c)).peekable();
    cased.peek().is_some() && cased.all(char::is_lowercase)
}

/// Python's `isupper`.
pub(in super::super) fn is_upper(text: &str) -> bool {
    let mut cased = text.chars().filter(|&c| is_cased(c)).peekable();
    cased.peek().is_some() && cased.all(char::is_uppercase)
}

fn is_title(text: &str) -> bool {
    let mut behind_letter = false;
    let mut any = false;
    for character in text.chars() {
        let begins =
            character.is_uppercase() || category(character) == GeneralCategory::TitlecaseLetter;
        if begins && behind_letter || character.is_lowercase() && !behind_letter {
            return false;
        }
        behind_letter = is_cased(character);
        any |= behind_letter;
    }
    any
}

fn is_letter(character: char) -> bool {
    use GeneralCategory as Is;
    matches!(
        category(character),
        Is::UppercaseLetter
            | Is::LowercaseLetter
            | Is::TitlecaseLetter
            | Is::ModifierLetter
            | Is::OtherLetter
    )
}

/// What a method that asks about the characters answers; nothing where there is no such method.
pub(super) fn test(text: &str, name: &str) -> Option<bool> {
    let all = |is: &dyn Fn(char) -> bool| !text.is_empty() && text.chars().all(is);
    let is_decimal = |c: char| category(c) == GeneralCategory::DecimalNumber;
    let is_digit = |c: char| is_decimal(c) || numeric(c) == NumericType::Digit;
    let is_numeric = |c: char| numeric(c) != NumericType::None;
    Some(match name {
        "isalnum" => all(&|c| is_letter(c) || is_numeric(c)),
        "isalpha" => all(&is_letter),
        "isascii" => text.is_ascii(),
        "isdecimal" => all(&is_decimal),
        "isdigit" => all(&is_digit),
        "isnumeric" => all(&is_numeric),
        "isspace" => all(&is_space),
        "isprintable" => text.chars().all(super::super::text::is_printable),
        "islower" => is_lower(text),
        "isupper" => is_upper(text),
        "istitle" => is_title(text),
        _ => return None,
    })
}
