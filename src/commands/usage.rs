//! Mistakes on the command line, told so that what they quote does no harm.

use std::error::Error as _;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

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

/// The commands that have the option that was given where there is none.
fn elsewhere(error: &clap::Error) -> Vec<StyledStr> {
    let given = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(given))) => given,
        _ => return Vec::new(),
    };
    let Some(name) = given.strip_prefix("--") else {
        return Vec::new();
    };
    let cli = Cli::command();
    let commands = cli.get_subcommands().filter(|command| {
        let mut options = command.get_arguments();
        !command.is_hide_set() && options.any(|option| option.get_long() == Some(name))
    });
    commands
        .map(|command| {
            let words = format!("`lenscape {}` has the option `{given}`", command.get_name());
            StyledStr::from(words)
        })
        .collect()
}

/// Prints the help that was asked for, or what is wrong with the command line, which quotes it.
#[must_use]
pub fn told(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let quoted: Vec<_> = error
        .context()
        .map(|(kind, value)| (kind, harmless(value)))
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    let tip = elsewhere(&error);
    if !tip.is_empty() {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tip));
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
