//! Autosaves the trace that is in no file, whatever ends the program.
//!
//! The loop shows the [`Autosaver`] each change of the state. From then on any thread may have the
//! newest trace written: the one that draws may be stuck in a write to a terminal that nobody
//! reads. Nothing here ever writes to the terminal while it is ours.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

use tokio::sync::mpsc::UnboundedSender;

use crate::app::{Autosave, AutosaveEvent, Message, State, UnsavedTrace};
use crate::autosave::{AutosaveFolder, autosaved_at};
use crate::export::trace_file;
use crate::run::{Record, RunId};
use crate::trace::Column;
use crate::vocabulary::visible_line;

/// What became of the trace: one line for the user once the screen is left.
pub type AutosaveResult = Result<PathBuf, String>;

/// Autosaves the trace that is in no file. Clones are the same autosaver; the default one writes
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Autosaver(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    autosave_folder: Option<AutosaveFolder>,
    unsaved: Mutex<UnsavedTrace>,
    /// Held by whoever writes, so that others wait for the file.
    files: Mutex<Files>,
    /// Why files of the user's were not saved, where the screen was left before it could say so.
    not_saved: Mutex<Vec<String>>,
}

/// What was written or found.
#[derive(Debug, Default)]
struct Files {
    last: Option<(RunId, AutosaveResult)>,
    /// Files that hold a trace to its last step.
    known: Vec<(Arc<Column>, PathBuf)>,
}

impl Autosaver {
    /// Keeps traces among `autosave_folder`.
    #[must_use]
    pub fn new(autosave_folder: Option<AutosaveFolder>) -> Self {
        Self(Arc::new(Inner {
            autosave_folder,
            ..Inner::default()
        }))
    }

    /// What would be lost now is out of `state`.
    pub fn follow(&self, state: &State) {
        if self.0.autosave_folder.is_some() {
            self.unsaved().follow(state);
        }
    }

    /// The user has this in a file: what was kept of it is not needed any more.
    pub fn saved(&self, record: &Record) {
        self.unsaved().saved(record);
        let Some(newest) = record.columns.last() else {
            return;
        };
        let mut files = self.files();
        let is_saved = |(last, _): &mut (Arc<Column>, PathBuf)| Arc::ptr_eq(last, newest);
        let done: Vec<_> = files.known.extract_if(.., is_saved).collect();
        for (_, path) in done {
            if let Err(why) = discard(&path) {
                tracing::warn!("{why}");
            }
            files.last.take_if(|(_, result)| *result == Ok(path));
        }
    }

    /// A file of the user's is not saved, for this reason; nobody has been told.
    pub fn could_not_save(&self, why: String) {
        tracing::error!("{why}");
        self.not_saved().push(why);
    }

    /// Writes the trace that nobody has saved, if there is one. Waits for it, and for another
    /// thread that is at it.
    pub fn autosave(&self) {
        let Some(autosave_folder) = &self.0.autosave_folder else {
            return;
        };
        let mut files = self.files();
        let unsaved = self.unsaved();
        let Some((run, record)) = unsaved.record() else {
            return;
        };
        let (record, newest) = (record.clone(), record.columns.last().cloned());
        // The loop need not wait for the disk.
        drop(unsaved);
        let Some(newest) = newest.filter(|newest| !files.hold(newest)) else {
            return;
        };
        let result = autosave_folder
            .add(&record)
            .map_err(|error| error.to_string());
        match &result {
            Ok(path) => {
                tracing::info!(path = %path.display(), "the unsaved trace was kept");
                if let Some((before, Ok(old))) = &files.last
                    && *before == run
                {
                    // The new file has all that is in this one.
                    let _ = fs::remove_file(old);
                }
                files.known.push((newest, path.clone()));
            }
            Err(why) => tracing::error!("{why}"),
        }
        files.last = Some((run, result));
    }

    /// [`Self::autosave`] on a thread of its own; `then` gets what became of it.
    pub fn autosave_in_background(
        &self,
        then: impl FnOnce(Option<AutosaveResult>) + Send + 'static,
    ) {
        let autosaver = self.clone();
        let thread = Builder::new().name("autosave".into()).spawn(move || {
            autosaver.autosave();
            then(autosaver.outcome());
        });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread to keep the trace on");
        }
    }

    /// What became of the last trace that was to be kept, if there was one.
    #[must_use]
    pub fn outcome(&self) -> Option<AutosaveResult> {
        self.files().last.as_ref().map(|(_, result)| result.clone())
    }

    /// Says in one line what became of it, where something did, and in one each what files are not
    /// saved. The screen has to be left.
    pub fn tell_outcome(&self) {
        for line in self.not_saved().drain(..) {
            // The terminal may be gone.
            let _ = writeln!(io::stderr(), "lenscape: {}", visible_line(&line));
        }
        let line = match self.outcome() {
            Some(Ok(path)) => format!(
                "the unsaved trace was kept; `lenscape open --last` shows it: {}",
                path.display()
            ),
            Some(Err(why)) => why,
            None => return,
        };
        // The terminal may be gone.
        let _ = writeln!(io::stderr(), "lenscape: {}", visible_line(&line));
    }

    /// Looks for a trace that a session before has left, on a thread of its own.
    pub fn find(&self, news: UnboundedSender<Message>) {
        let autosaver = self.clone();
        let thread = Builder::new().name("autosave".into()).spawn(move || {
            if let Some(found) = autosaver.found() {
                // Nobody listens any more only when the program ends.
                let _ = news.send(Message::Autosave(found));
            }
        });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread to look for unsaved traces on");
        }
    }

    fn found(&self) -> Option<AutosaveEvent> {
        let path = match self.0.autosave_folder.as_ref()?.newest() {
            Ok(path) => path?,
            Err(error) => return Some(AutosaveEvent::Failed(error.to_string())),
        };
        let trace = trace_file::open(&path).map_err(|error| error.to_string());
        if let Ok(record) = &trace
            && let Some(newest) = record.columns.last()
        {
            let known = (Arc::clone(newest), path.clone());
            self.files().known.push(known);
        }
        Some(AutosaveEvent::Found(Autosave {
            autosaved_at: autosaved_at(&path),
            trace: trace.map(Arc::new),
            path,
        }))
    }

    /// While this lives, a panic of the thread that holds it has the trace kept.
    #[must_use]
    pub fn at_panic(&self) -> AutosaveOnPanic<'_> {
        AutosaveOnPanic(self)
    }

    fn unsaved(&self) -> MutexGuard<'_, UnsavedTrace> {
        // After a panic of the thread that held it, the trace is all the more needed.
        let unsaved = self.0.unsaved.lock();
        unsaved.unwrap_or_else(PoisonError::into_inner)
    }

    fn not_saved(&self) -> MutexGuard<'_, Vec<String>> {
        let lines = self.0.not_saved.lock();
        lines.unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn hold(&self, newest: &Arc<Column>) -> bool {
        self.known.iter().any(|(last, _)| Arc::ptr_eq(last, newest))
    }
}

/// Has the trace kept when its thread panics.
pub struct AutosaveOnPanic<'k>(&'k Autosaver);

impl Drop for AutosaveOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.autosave();
            self.0.tell_outcome();
        }
    }
}

/// Deletes a trace that is not wanted; the error is one line. One that has gone is no error.
pub fn discard(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("cannot delete {}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}
