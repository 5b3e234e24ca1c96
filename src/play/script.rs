//! A script, as it is written in a TOML file.
//!
//! ```toml
//! size = [120, 40]
//! steps = [
//!     { wait = "ready" },
//!     { type = "The keys to the cabinet" },
//!     { press = "enter" },
//!     { wait = "finished", timeout = 120 },
//!     { press = "down", times = 3 },
//!     { screenshot = "grid" },
//! ]
//! ```

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Size;
use serde::Deserialize;

use super::Error;

/// What a user would do, in order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Columns and rows of the screen at the start.
    #[serde(default = "usual_size", deserialize_with = "size")]
    pub size: Size,
    /// Stands in the title bar of the pictures.
    #[serde(default = "usual_title")]
    pub title: String,
    /// What is done.
    pub steps: Vec<Step>,
}

/// One thing that a user would do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WrittenStep")]
pub enum Step {
    /// Type a text.
    Type(String),
    /// Paste a text.
    Paste(String),
    /// Press a key some times.
    Press {
        /// The key.
        key: KeyEvent,
        /// How often.
        times: usize,
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
    /// Write a picture of this name.
    Screenshot(String),
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
    /// Read the script in the file `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| Error::Script {
            path: path.to_owned(),
            why: one_line(&error, &text),
        })
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
    let (columns, rows) = Deserialize::deserialize(deserializer)?;
    Ok(Size::new(columns, rows))
}

/// A step as it is written: a table with one key that says what is done.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenStep {
    r#type: Option<String>,
    paste: Option<String>,
    press: Option<String>,
    times: Option<usize>,
    wait: Option<Wait>,
    timeout: Option<f32>,
    sleep: Option<f32>,
    resize: Option<(u16, u16)>,
    screenshot: Option<String>,
}

const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

impl TryFrom<WrittenStep> for Step {
    type Error = String;

    fn try_from(written: WrittenStep) -> Result<Self, String> {
        if written.times.is_some() && written.press.is_none() {
            return Err("`times` belongs to `press`".into());
        }
        if written.timeout.is_some() && written.wait.is_none() {
            return Err("`timeout` belongs to `wait`".into());
        }
        let times = written.times.unwrap_or(1);
        let timeout = match written.timeout {
            Some(timeout) => seconds(timeout)?,
            None => USUAL_TIMEOUT,
        };
        let steps = [
            written.r#type.map(|text| Ok(Self::Type(text))),
            written.paste.map(|text| Ok(Self::Paste(text))),
            written.press.map(|name| {
                let key = key(&name)?;
                Ok(Self::Press { key, times })
            }),
            written.wait.map(|until| Ok(Self::Wait { until, timeout })),
            written.sleep.map(|time| seconds(time).map(Self::Sleep)),
            written
                .resize
                .map(|(columns, rows)| Ok(Self::Resize(Size::new(columns, rows)))),
            written.screenshot.map(|name| Ok(Self::Screenshot(name))),
        ];
        let mut steps = steps.into_iter().flatten();
        match (steps.next(), steps.next()) {
            (Some(step), None) => step,
            _ => Err(
                "a step has exactly one of `type`, `paste`, `press`, `wait`, `sleep`, `resize` \
                 and `screenshot`"
                    .into(),
            ),
        }
    }
}

fn key(name: &str) -> Result<KeyEvent, String> {
    match crokey::parse(name) {
        Ok(combination) => Ok(combination.into()),
        Err(_) => Err(format!(
            "no key {name:?}; keys are written as \"enter\", \"ctrl-r\", \"shift-tab\", \"x\""
        )),
    }
}

fn seconds(time: f32) -> Result<Duration, String> {
    Duration::try_from_secs_f32(time).map_err(|_| format!("{time} is no time in seconds"))
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn steps(text: &str) -> Result<Vec<Step>, String> {
        let text = format!("steps = [{text}]");
        toml::from_str::<Script>(&text)
            .map(|script| script.steps)
            .map_err(|error| one_line(&error, &text))
    }

    #[test]
    fn a_script_says_what_is_done_in_order() {
        let script: Script = toml::from_str(
            r#"
            size = [80, 24]
            title = "a run"
            steps = [
                { wait = "ready" },
                { type = "The keys" },
                { paste = "two\nlines" },
                { press = "ctrl-r" },
                { press = "down", times = 3 },
                { wait = { text = "L29" }, timeout = 1.5 },
                { wait = { gone = "loading" } },
                { sleep = 0.25 },
                { resize = [120, 40] },
                { screenshot = "grid" },
            ]
            "#,
        )
        .unwrap();
        assert_eq!(script.size, Size::new(80, 24));
        assert_eq!(script.title, "a run");
        assert_eq!(
            script.steps,
            [
                Step::Wait {
                    until: Wait::Milestone(Milestone::Ready),
                    timeout: USUAL_TIMEOUT
                },
                Step::Type("The keys".into()),
                Step::Paste("two\nlines".into()),
                Step::Press {
                    key: KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL),
                    times: 1
                },
                Step::Press {
                    key: KeyCode::Down.into(),
                    times: 3
                },
                Step::Wait {
                    until: Wait::Text { text: "L29".into() },
                    timeout: Duration::from_millis(1500)
                },
                Step::Wait {
                    until: Wait::Gone {
                        gone: "loading".into()
                    },
                    timeout: USUAL_TIMEOUT
                },
                Step::Sleep(Duration::from_millis(250)),
                Step::Resize(Size::new(120, 40)),
                Step::Screenshot("grid".into()),
            ]
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, part) in [
            ("{ press = \"hyper-q\" }", "no key \"hyper-q\""),
            ("\n\n{ jump = 3 }", "line 3: "),
            ("{ type = \"a\", press = \"b\" }", "exactly one of"),
            ("{}", "exactly one of"),
            ("{ type = \"a\", times = 2 }", "`times` belongs to `press`"),
            ("{ sleep = -1 }", "no time in seconds"),
        ] {
            let error = steps(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
