//! Saves files beside the loop: a slow disk keeps nobody waiting.

use std::path::{Path, PathBuf};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Autosaver;
use crate::app::{Message, Save, SaveOutcome, SaveSource, State};
use crate::export::file::{self, Existing};
use crate::export::format::Writer;
use crate::export::{Content, Format};
use crate::settings::theme::Ground;
use crate::ui;

/// Saves files, each on a thread of its own.
pub struct Saver {
    news: mpsc::UnboundedSender<Message>,
    autosaver: Autosaver,
    under_way: Vec<(PathBuf, JoinHandle<()>)>,
}

/// How long files may take that are being saved when the program has to end: most of the time that
/// it has to end in.
const LAST_MOMENT: Duration = Duration::from_millis(1200);
/// How often it is looked whether they are saved.
const LOOK: Duration = Duration::from_millis(2);

/// How long is waited for files that are being saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As long as it takes.
    ToTheEnd,
    /// A moment.
    AMoment,
}

impl Saver {
    /// A saver that tells `news`, and `autosaver` of the traces that are saved.
    pub fn new(news: mpsc::UnboundedSender<Message>, autosaver: Autosaver) -> Self {
        Self {
            news,
            autosaver,
            under_way: Vec::new(),
        }
    }

    /// Begins to save; returns at once. A file that is there is not replaced.
    pub fn begin(&mut self, save: Save, state: &State) {
        let format = save.format;
        let content = match save.what {
            SaveSource::Content(content) => content,
            SaveSource::Screen => {
                let ground = state.theme().map_or(Ground::Dark, |theme| theme.ground);
                let charset = match format.writer {
                    Writer::Screen(characters, _) => characters.among(state.charset()),
                    _ => state.charset(),
                };
                Content::Screen(ui::picture(state, charset), ground)
            }
        };
        let (news, autosaver, path) = (self.news.clone(), self.autosaver.clone(), save.path);
        let to = path.clone();
        let thread = Builder::new().name("save".into()).spawn(move || {
            let done = write(&path, format, &content);
            if let (SaveOutcome::Saved(_), Content::Trace(record, _), true) =
                (&done, &content, format.is_read_back)
            {
                autosaver.saved(record);
            }
            // Nobody listens any more only when the program ends.
            let _ = news.send(Message::Saved(done));
        });
        match thread {
            Ok(thread) => {
                self.under_way.retain(|(_, thread)| !thread.is_finished());
                self.under_way.push((to, thread));
            }
            Err(error) => {
                let why = format!("cannot save: no thread to do it on: {error}");
                let _ = self.news.send(Message::Saved(SaveOutcome::Failed(why)));
            }
        }
    }

    /// Waits until everything is saved, or for a moment; what is not saved by then.
    pub fn finish(self, wait: Wait) -> Vec<PathBuf> {
        let end = Instant::now() + LAST_MOMENT;
        let mut left = self.under_way;
        loop {
            // A panic has been reported by the hook.
            left.retain(|(_, thread)| !thread.is_finished());
            if left.is_empty() || wait == Wait::AMoment && Instant::now() >= end {
                return left.into_iter().map(|(path, _)| path).collect();
            }
            thread::sleep(LOOK);
        }
    }
}

fn write(path: &Path, format: &Format, content: &Content) -> SaveOutcome {
    let bytes = match content.bytes(format) {
        Ok(bytes) => bytes,
        Err(error) => return SaveOutcome::Failed(error.to_string()),
    };
    match file::save(path, &bytes, Existing::Keep) {
        Ok(path) => SaveOutcome::Saved(path),
        Err(error) => SaveOutcome::Failed(error.to_string()),
    }
}
