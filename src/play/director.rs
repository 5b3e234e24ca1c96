//! Does what a script says: gives its inputs to the event loop when their time has come.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::time::{Instant, sleep_until};

use super::screenshot::{Namer, Shot};
use super::script::{Script, ScriptStep, Wait};
use super::stage::View;
use super::{Error, Pictures};
use crate::terminal::{EventSource, Input, Recordings};

/// Stands for the user. The event loop asks it for the next input after each frame, so what it
/// sees is always what a user would see.
pub struct Director<'a> {
    script: &'a Script,
    pictures: Pictures<'a>,
    view: View,
    recordings: &'a Recordings,
    /// The step that is next, counted from 0.
    next: usize,
    /// Since when it waits.
    since: Option<Instant>,
    /// What is typed or pressed in the step before, and not given yet.
    inputs: VecDeque<Input>,
    /// The time from one of them to the next.
    every: Duration,
    /// Nothing is done before.
    not_before: Option<Instant>,
    written: Vec<PathBuf>,
    failure: Option<Error>,
}

/// How far a step is.
enum Progress {
    Done,
    /// Look again at this time, if nothing happens before.
    WaitUntil(Instant),
}

impl<'a> Director<'a> {
    /// Someone who does what `script` says, sees `view`, takes `pictures` and names the chapters
    /// of `recordings`.
    pub fn new(
        script: &'a Script,
        pictures: Pictures<'a>,
        view: View,
        recordings: &'a Recordings,
    ) -> Self {
        Self {
            script,
            pictures,
            view,
            recordings,
            next: 0,
            since: None,
            inputs: VecDeque::new(),
            every: Duration::ZERO,
            not_before: None,
            written: Vec::new(),
            failure: None,
        }
    }

    /// Take the pictures of the end. Returns all that were written, or why the script was not
    /// played to its end.
    pub fn finish(mut self) -> Result<Vec<PathBuf>, Error> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.next < self.script.steps.len() {
            return Err(Error::Ended {
                step: self.next + 1,
            });
        }
        self.take_pictures_at(None)?;
        Ok(self.written)
    }

    fn perform(&mut self, step: &ScriptStep) -> Result<Progress, Error> {
        match step {
            ScriptStep::Type { text, every } => {
                self.every = *every;
                self.inputs.extend(text.chars().map(typed));
            }
            ScriptStep::Paste(text) => self.inputs.push_back(Input::Paste(text.clone())),
            ScriptStep::Press { key, times, every } => {
                self.every = *every;
                self.inputs
                    .extend(std::iter::repeat_n(Input::Key(*key), *times));
            }
            ScriptStep::Wait { until, timeout } => return self.wait(until, *timeout),
            ScriptStep::Sleep(time) => return Ok(self.sleep(*time)),
            ScriptStep::Resize(size) => {
                self.view.resize(*size);
                self.inputs.push_back(Input::Resize(*size));
            }
            ScriptStep::Mark(name) => {
                self.recordings.mark(name);
                self.take_pictures_at(Some(name))?;
            }
            ScriptStep::Screenshot(screenshot) => {
                let namer = Namer::Script {
                    folder: self.pictures.folder,
                };
                let path = screenshot.take(&self.shot(), namer)?;
                self.written.push(path);
            }
        }
        Ok(Progress::Done)
    }

    fn wait(&mut self, until: &Wait, timeout: Duration) -> Result<Progress, Error> {
        let come = match until {
            Wait::Milestone(milestone) => self.view.has_come_to(*milestone),
            Wait::Text { text } => self.view.text().contains(text.as_str()),
            Wait::Tokens { tokens } => self.view.tokens() >= *tokens,
            Wait::Gone { gone } => !self.view.text().contains(gone.as_str()),
        };
        if come {
            return Ok(Progress::Done);
        }
        match self.sleep(timeout) {
            Progress::Done => Err(Error::TimedOut {
                step: self.next + 1,
                what: described(until),
                waited: timeout,
                screen: self.view.text(),
            }),
            waiting => Ok(waiting),
        }
    }

    fn sleep(&mut self, time: Duration) -> Progress {
        let now = Instant::now();
        let end = *self.since.get_or_insert(now) + time;
        if end <= now {
            Progress::Done
        } else {
            Progress::WaitUntil(end)
        }
    }

    /// Take what the command line asks for at this mark, or at the end.
    fn take_pictures_at(&mut self, mark: Option<&str>) -> Result<(), Error> {
        for wanted in self.pictures.wanted {
            if wanted.mark.as_deref() == mark {
                let screenshot = &wanted.screenshot;
                let path = screenshot.take(&self.shot(), Namer::User)?;
                self.written.push(path);
            }
        }
        Ok(())
    }

    /// What a picture shows now.
    fn shot(&self) -> Shot<'_> {
        Shot {
            view: &self.view,
            title: &self.script.title,
            type_size: self.pictures.type_size,
        }
    }

    /// Go on to the next step.
    fn go_on(&mut self) {
        self.next += 1;
        self.since = None;
    }
}

impl EventSource for Director<'_> {
    async fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(time) = self.not_before {
                sleep_until(time).await;
                self.not_before = None;
            }
            if let Some(input) = self.inputs.pop_front() {
                self.not_before = (!self.every.is_zero()).then(|| Instant::now() + self.every);
                return Some(input);
            }
            if self.failure.is_some() {
                return None;
            }
            let script = self.script;
            match self.perform(script.steps.get(self.next)?) {
                Ok(Progress::Done) => self.go_on(),
                Ok(Progress::WaitUntil(time)) => sleep_until(time).await,
                Err(failure) => self.failure = Some(failure),
            }
        }
    }

    /// Never: a user looks at the screen between two keys.
    fn try_next(&mut self) -> Option<Input> {
        None
    }
}

fn typed(c: char) -> Input {
    let (code, modifiers) = match c {
        '\n' => (KeyCode::Enter, KeyModifiers::NONE),
        '\t' => (KeyCode::Tab, KeyModifiers::NONE),
        c if c.is_uppercase() => (KeyCode::Char(c), KeyModifiers::SHIFT),
        c => (KeyCode::Char(c), KeyModifiers::NONE),
    };
    Input::Key(KeyEvent::new(code, modifiers))
}

fn described(wait: &Wait) -> String {
    match wait {
        Wait::Milestone(milestone) => format!("\"{milestone}\""),
        Wait::Text { text } => format!("the text {text:?}"),
        Wait::Tokens { tokens } => format!("{tokens} tokens"),
        Wait::Gone { gone } => format!("the text {gone:?} to go"),
    }
}
