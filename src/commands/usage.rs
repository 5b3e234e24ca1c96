//! Mistakes on the command line, told so that what they quote does no harm.

use std::error::Error as _;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use super::cli::Cli;
use crate::vocabulary::{visible_line, visible_text};

/// A part of a message about the command line.
fn harmless(value: &ContextValue) -> ContextValue {
    let styled = |text: &StyledStr| StyledStr::from(visible_line(&text.to_string()));
    match value {
        ContextValue::String(text) => ContextValue::String(visible_line(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.iter().map(|text| visible_line(text)).collect())
        }
        ContextValue::StyledStr(text) => ContextValue::StyledStr(styled(text)),
        ContextValue::StyledStrs(texts) => {
            ContextValue::StyledStrs(texts.iter().map(styled).collect())
        }
        other => other.clone(),
    }
}

/// The commands that have this option, as `--follow`.
fn owners(option: &str) -> Vec<String> {
    let name = option.trim_start_matches('-');
    let name = name.split('=').next().unwrap_or(name);
    let program = Cli::command();
    let has = |command: &&Command| {
        command
            .get_arguments()
            .any(|it| it.get_long() == Some(name))
    };
    let owners = program.get_subcommands().filter(has);
    owners
        .map(|it| format!("`lenscape {}`", it.get_name()))
        .collect()
}

/// An option that the command has not, but another one, is told with that one's name.
fn with_owners(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let owners = option.as_deref().map(owners).unwrap_or_default();
    if let (Some(option), false) = (option, owners.is_empty()) {
        // The usage would be that of the option that looks like it.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
        let tip = format!("{option} is an option of {}", owners.join(", "));
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// Prints the help that was asked for, or what is wrong with the command line, which quotes it.
#[must_use]
pub fn told(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    error = with_owners(error);
    let quoted: Vec<_> = error
        .context()
        .map(|(kind, value)| (kind, harmless(value)))
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    if let Some(why) = error.source().map(|why| visible_line(&why.to_string())) {
        // The value parser's own words, which quote the value.
        let [value, argument] = [ContextKind::InvalidValue, ContextKind::InvalidArg]
            .map(|kind| error.get(kind).map(ToString::to_string).unwrap_or_default());
        let told = format!(
            "invalid value '{value}' for '{argument}': {why}\n\nFor more information, try '--help'.\n"
        );
        error = clap::Error::raw(error.kind(), told);
    }
    let message = visible_text(&error.render().to_string());
    let _ = write!(io::stderr(), "{message}");
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    fn told(words: &[&str]) -> String {
        let words = std::iter::once("lenscape").chain(words.iter().copied());
        with_owners(Cli::try_parse_from(words).unwrap_err()).to_string()
    }

    #[test]
    fn an_option_of_another_command_is_told_with_it() {
        let message = told(&["--follow", "a"]);
        assert!(
            message.contains("--follow is an option of `lenscape trace`"),
            "{message}"
        );
        assert!(!message.contains("--color"), "{message}");
        let message = told(&["models", "--tokens=a"]);
        assert!(
            message.contains("--tokens is an option of `lenscape compare`"),
            "{message}"
        );
        assert!(!told(&["--nothing-like-it"]).contains("is an option of"));
    }
}
