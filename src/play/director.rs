//! Does what a script says: gives its inputs to the event loop when their time has come.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::time::{Instant, sleep_until};

use super::Error;
use super::script::{Script, Step, Wait};
use super::stage::View;
use crate::export::svg::{self, Window};
use crate::terminal::{EventSource, Input};

/// Stands for the user. The event loop asks it for the next input after each frame, so what it
/// sees is always what a user would see.
pub struct Director<'a> {
    script: &'a Script,
    folder: &'a Path,
    view: View,
    /// The step that is next, counted from 0.
    next: usize,
    /// Since when it waits.
    since: Option<Instant>,
    inputs: VecDeque<Input>,
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
    /// Someone who does what `script` says, sees `view` and writes pictures into `folder`.
    pub fn new(script: &'a Script, folder: &'a Path, view: View) -> Self {
        Self {
            script,
            folder,
            view,
            next: 0,
            since: None,
            inputs: VecDeque::new(),
            written: Vec::new(),
            failure: None,
        }
    }

    /// The pictures that were written, or why the script was not played to its end.
    pub fn finish(self) -> Result<Vec<PathBuf>, Error> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.written),
        }
    }

    fn perform(&mut self, step: &Step) -> Result<Progress, Error> {
        match step {
            Step::Type(text) => self.inputs.extend(text.chars().map(typed)),
            Step::Paste(text) => self.inputs.push_back(Input::Paste(text.clone())),
            Step::Press { key, times } => self
                .inputs
                .extend(std::iter::repeat_n(Input::Key(*key), *times)),
            Step::Wait { until, timeout } => return self.wait(until, *timeout),
            Step::Sleep(time) => return Ok(self.sleep(*time)),
            Step::Resize(size) => {
                self.view.resize(*size);
                self.inputs.push_back(Input::Resize(*size));
            }
            Step::Screenshot(name) => self.take_picture(name)?,
        }
        Ok(Progress::Done)
    }

    fn wait(&mut self, until: &Wait, timeout: Duration) -> Result<Progress, Error> {
        let come = match until {
            Wait::Milestone(milestone) => self.view.has_come_to(*milestone),
            Wait::Text { text } => self.view.text().contains(text.as_str()),
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

    fn take_picture(&mut self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name).with_extension("svg");
        let window = Window {
            title: &self.script.title,
            cursor: self.view.cursor(),
        };
        let picture = svg::render(&self.view.buffer(), &window);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, picture));
        match written {
            Ok(()) => {
                self.written.push(path);
                Ok(())
            }
            Err(source) => Err(Error::Screenshot { path, source }),
        }
    }
}

impl EventSource for Director<'_> {
    async fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Some(input);
            }
            if self.failure.is_some() {
                return None;
            }
            let script = self.script;
            match self.perform(script.steps.get(self.next)?) {
                Ok(Progress::Done) => {
                    self.next += 1;
                    self.since = None;
                }
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
        Wait::Gone { gone } => format!("the text {gone:?} to go"),
    }
}
