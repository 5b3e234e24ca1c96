//! A script, as it is written in a TOML file.
//!
//! ```toml
//! size = [120, 40]
//! record = "keys.cast"
//! film = "keys.svg"
//! steps = [
//!     { wait = "ready" },
//!     { type = "The keys to the cabinet", every = 0.08 },
//!     { press = "enter" },
//!     { wait = "finished", timeout = 120 },
//!     { mark = "the grid" },
//!     { press = "down", times = 3, every = 0.3 },
//!     { screenshot = "grid.png" },
//! ]
//! ```

#[cfg(test)]
mod tests;
mod written;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Size;
use serde::Deserialize;
use serde::de::Error as _;

use super::screenshot::Screenshot;
use super::{Error, place};
use crate::regular_file;
use written::UncheckedStep;

/// A script is not longer; one that pastes a text may be long.
const LONGEST: u64 = 1 << 24;

/// What a user would do, in order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Columns and rows of the screen at the start.
    #[serde(default = "usual_size", deserialize_with = "size")]
    pub size: Size,
    /// Stands in the title bar of the pictures, and is the title of the cast.
    #[serde(default = "usual_title")]
    pub title: String,
    /// The cast that is made, where the command line names no other one.
    #[serde(default, deserialize_with = "cast")]
    pub record: Option<PathBuf>,
    /// The moving picture that is made of that cast.
    #[serde(default, deserialize_with = "film")]
    pub film: Option<PathBuf>,
    /// Longer pauses of the cast become so long, in seconds: a demonstration takes the same time on
    /// a slow machine.
    #[serde(default, deserialize_with = "pause")]
    pub idle_limit: Option<Duration>,
    /// What is done.
    pub steps: Vec<ScriptStep>,
}

/// One thing that a user would do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "UncheckedStep")]
pub enum ScriptStep {
    /// Type a text.
    Type {
        /// The text.
        text: String,
        /// The time from one character to the next.
        every: Duration,
    },
    /// Paste a text.
    Paste(String),
    /// Press a key some times.
    Press {
        /// The key.
        key: KeyEvent,
        /// How often.
        times: usize,
        /// The time from one press to the next.
        every: Duration,
    },
    /// Go on when the screen shows it.
    Wait {
        /// What has to be.
        until: Wait,
        /// How long it may take.
        timeout: Duration,
    },
    /// Do nothing for a while.
    Sleep(Duration),
    /// The screen gets another size.
    Resize(Size),
    /// A chapter of the cast begins, and the moment has a name.
    Mark(String),
    /// Write a picture.
    Screenshot(Screenshot),
}

/// What a script can wait for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Wait {
    /// The program has come to some point.
    Milestone(Milestone),
    /// The screen shows a text, within one row.
    Text {
        /// The text.
        text: String,
    },
    /// The run has so many tokens behind its prompt.
    Tokens {
        /// How many at least.
        tokens: usize,
    },
    /// The screen shows a text no more.
    Gone {
        /// The text.
        gone: String,
    },
}

/// A point that the program comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Milestone {
    /// A model can be used.
    Ready,
    /// A run was begun and has ended.
    Finished,
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Finished => "finished",
        })
    }
}

impl Script {
    /// Whether some moment has this name.
    #[must_use]
    pub fn has_mark(&self, name: &str) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step, ScriptStep::Mark(mark) if mark == name))
    }

    /// Read the script in the file `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = regular_file::read_to_string(path, LONGEST).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |why| Error::Script {
            path: path.to_owned(),
            why,
        };
        let script: Self = toml::from_str(&text).map_err(|error| wrong(one_line(&error, &text)))?;
        if script.film.is_some() && script.record.is_none() {
            return Err(wrong(
                "`film` is made of a cast; name one with `record`".into(),
            ));
        }
        Ok(script)
    }

    /// The same script on a screen of `size` from the beginning to the end.
    #[must_use]
    pub fn on_screen_of(self, size: Size) -> Self {
        let stays = |step: &ScriptStep| !matches!(step, ScriptStep::Resize(_));
        Self {
            size,
            steps: self.steps.into_iter().filter(stays).collect(),
            ..self
        }
    }
}

fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    match error.span() {
        Some(span) => {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            format!("line {line}: {message}")
        }
        None => message.to_owned(),
    }
}

fn usual_size() -> Size {
    Size::new(120, 40)
}

fn usual_title() -> String {
    "lenscape".into()
}

fn size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
    let cells = Deserialize::deserialize(deserializer)?;
    written::size(cells).map_err(D::Error::custom)
}

fn cast<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    named(deserializer, "cast", "`record` has to end in .cast")
}

fn pause<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let time = f32::deserialize(deserializer)?;
    let time = written::seconds(time).map_err(D::Error::custom)?;
    match time.is_zero() {
        true => Err(D::Error::custom("`idle_limit` is more than 0")),
        false => Ok(Some(time)),
    }
}

fn film<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    named(deserializer, "svg", "`film` has to end in .svg")
}

/// The name of a file with this extension, within the script's folder.
fn named<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
    extension: &str,
    rule: &str,
) -> Result<Option<PathBuf>, D::Error> {
    let name = PathBuf::deserialize(deserializer)?;
    if name.extension().is_none_or(|there| there != extension) {
        return Err(D::Error::custom(format!(
            "{name:?} names no {extension}; {rule}"
        )));
    }
    place::check(&name).map_err(D::Error::custom)?;
    Ok(Some(name))
}
