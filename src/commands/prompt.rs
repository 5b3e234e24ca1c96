//! Prompts on the command line: `-` is the one on standard input.

use std::io::{self, Read};

use super::CommandError;
use crate::regular_file::WRITTEN_BY_HAND;

/// Stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Standard input holds no prompt.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is not text.
    #[error("is not UTF-8")]
    NoText,
    /// No model takes so much.
    #[error("is longer than {} MB", WRITTEN_BY_HAND >> 20)]
    TooLong,
    /// It was read before.
    #[error("can be read once only: give `-` for one of the prompts")]
    Twice,
}

/// The prompt that `text` is, or that `input` holds.
///
/// # Errors
///
/// When `input` cannot be read, or holds no text.
pub fn taken(text: &str, input: &mut dyn Read) -> Result<String, CommandError> {
    match text {
        STANDARD_INPUT => Ok(read(input)?),
        text => Ok(text.to_owned()),
    }
}

/// The same for several, of which one may be read from `input`.
///
/// # Errors
///
/// As [`taken`], and when there is more than one to be read.
pub fn all_taken<'t>(
    texts: impl Iterator<Item = &'t String> + Clone,
    input: &mut dyn Read,
) -> Result<Vec<String>, CommandError> {
    let from_input = texts.clone().filter(|text| *text == STANDARD_INPUT);
    if from_input.count() > 1 {
        return Err(PromptError::Twice.into());
    }
    texts.map(|text| taken(text, input)).collect()
}

/// All of `input` without the line break that ends a file of text.
fn read(input: &mut dyn Read) -> Result<String, PromptError> {
    let mut bytes = Vec::new();
    input.take(WRITTEN_BY_HAND + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WRITTEN_BY_HAND {
        return Err(PromptError::TooLong);
    }
    let mut text = String::from_utf8(bytes).map_err(|_| PromptError::NoText)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hyphen_is_what_standard_input_holds() {
        for (input, prompt) in [
            ("The keys\n", "The keys"),
            ("The keys", "The keys"),
            ("The keys\r\n", "The keys"),
            ("two\nlines\n\n", "two\nlines\n"),
            (" - ", " - "),
            ("", ""),
        ] {
            assert_eq!(taken("-", &mut input.as_bytes()).unwrap(), prompt);
            assert_eq!(taken("--", &mut input.as_bytes()).unwrap(), "--");
        }
    }

    #[test]
    fn one_of_several_may_be_read() {
        let all = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            all_taken(texts.iter(), &mut "read\n".as_bytes())
        };
        assert_eq!(all(&["a", "-", "b"]).unwrap(), ["a", "read", "b"]);
        assert!(matches!(
            all(&["-", "-"]),
            Err(CommandError::Prompt(PromptError::Twice))
        ));
    }

    #[test]
    fn what_is_no_prompt_is_told() {
        let told = |bytes: &[u8]| taken("-", &mut &*bytes).unwrap_err().to_string();
        assert_eq!(told(b"\xff"), "the prompt on standard input is not UTF-8");
        let long = vec![b'a'; WRITTEN_BY_HAND as usize + 1];
        assert_eq!(
            told(&long),
            "the prompt on standard input is longer than 1 MB"
        );
    }
}
