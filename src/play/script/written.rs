//! Script steps as parsed from TOML, not yet validated.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Size;
use serde::Deserialize;

use super::{Screenshot, ScriptStep, Wait};
use crate::play::place;

/// A step as it is written: a table with one key that says what is done.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UncheckedStep {
    r#type: Option<String>,
    paste: Option<String>,
    press: Option<String>,
    times: Option<usize>,
    every: Option<f32>,
    wait: Option<Wait>,
    timeout: Option<f32>,
    sleep: Option<f32>,
    resize: Option<(u16, u16)>,
    mark: Option<String>,
    screenshot: Option<String>,
}

/// A key is not pressed more often.
const MOST_TIMES: usize = 10_000;

/// Nothing takes longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Larger than any window; a larger one would take all memory.
const LARGEST: Size = Size::new(1000, 500);

const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

impl TryFrom<UncheckedStep> for ScriptStep {
    type Error = String;

    fn try_from(written: UncheckedStep) -> Result<Self, String> {
        if written.times.is_some() && written.press.is_none() {
            return Err("`times` belongs to `press`".into());
        }
        if written.every.is_some() && written.press.is_none() && written.r#type.is_none() {
            return Err("`every` belongs to `type` or `press`".into());
        }
        if written.timeout.is_some() && written.wait.is_none() {
            return Err("`timeout` belongs to `wait`".into());
        }
        let times = written.times.unwrap_or(1);
        if times > MOST_TIMES {
            return Err(format!("`times` is {MOST_TIMES} at most"));
        }
        let timeout = match written.timeout {
            Some(timeout) => seconds(timeout)?,
            None => USUAL_TIMEOUT,
        };
        let every = written.every.map_or(Ok(Duration::ZERO), seconds)?;
        let steps = [
            written.r#type.map(|text| Ok(Self::Type { text, every })),
            written.paste.map(|text| Ok(Self::Paste(text))),
            written.press.map(|name| {
                let key = key(&name)?;
                Ok(Self::Press { key, times, every })
            }),
            written.wait.map(|until| Ok(Self::Wait { until, timeout })),
            written.sleep.map(|time| seconds(time).map(Self::Sleep)),
            written.resize.map(|cells| Ok(Self::Resize(size(cells)?))),
            written.mark.map(|name| Ok(Self::Mark(name))),
            written
                .screenshot
                .map(|name| Ok(Self::Screenshot(screenshot(&name)?))),
        ];
        let mut steps = steps.into_iter().flatten();
        match (steps.next(), steps.next()) {
            (Some(step), None) => step,
            _ => Err(
                "a step has exactly one of `type`, `paste`, `press`, `wait`, `sleep`, `resize`, \
                 `mark` and `screenshot`"
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

/// A time that a script takes.
pub fn seconds(time: f32) -> Result<Duration, String> {
    match Duration::try_from_secs_f32(time) {
        Ok(time) if time <= LONGEST => Ok(time),
        Ok(_) => Err(format!("{time} s is more than a day")),
        Err(_) => Err(format!("{time} is no time in seconds")),
    }
}

/// A screen of so many columns and rows.
pub fn size((columns, rows): (u16, u16)) -> Result<Size, String> {
    let size = Size::new(columns, rows);
    match (1..=LARGEST.width).contains(&columns) && (1..=LARGEST.height).contains(&rows) {
        true => Ok(size),
        false => Err(format!(
            "no screen has {size} cells; {LARGEST} is the largest"
        )),
    }
}

/// A picture that a script names.
fn screenshot(name: &str) -> Result<Screenshot, String> {
    let screenshot: Screenshot = name.parse()?;
    place::check(&screenshot.path).map_err(|error| error.to_string())?;
    Ok(screenshot)
}
