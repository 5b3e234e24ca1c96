//! The letters that stand for candidates and prompts, and their texts as they are shown.

use crate::run::CandidateRequest;
use crate::vocabulary::visible_label;

/// The letter that stands for a candidate: `a`, `b`, …
#[must_use]
pub fn letter(candidate: usize) -> char {
    char::from(b'a' + u8::try_from(candidate % 26).unwrap_or(0))
}

/// The letter that stands for a prompt: `A`, `B`, …
#[must_use]
pub fn prompt_letter(prompt: usize) -> char {
    letter(prompt).to_ascii_uppercase()
}

/// A candidate's letter, with that of the prompt where there are several: `a`, `aB`.
#[must_use]
pub fn series_label(candidate: usize, prompt: Option<usize>) -> String {
    let prompt = prompt.map(prompt_letter);
    std::iter::once(letter(candidate)).chain(prompt).collect()
}

/// A candidate's text as it is shown, like the label of a token: spaces as `·`.
#[must_use]
pub fn shown(text: &str) -> String {
    visible_label(text.as_bytes())
}

/// What is wanted, as it is shown.
#[must_use]
pub fn of_wanted(wanted: &CandidateRequest) -> String {
    shown(&wanted.to_string())
}
