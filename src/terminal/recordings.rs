//! Recordings of what the terminal gets: begun and ended while the program runs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use ratatui::layout::Size;

use super::session::{ENTER, LEAVE};
use crate::app::RecordingNews;
use crate::export::cast::{Cast, CastOptions};
use crate::regular_file;

/// A recording cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot record to {}: {why}; name another file with --record", path.display())]
pub struct RecordingError {
    /// The file's path, as it was given.
    path: PathBuf,
    /// What the system said.
    why: io::Error,
}

/// The recordings of one session, of which one at most is under way. Clones are the same.
#[derive(Clone, Default)]
pub struct Recordings(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    options: CastOptions,
    /// Where those go that have no name of the user's; the current one where it is empty.
    folder: PathBuf,
    /// The file of the first one, where the user named it.
    named: Option<(PathBuf, File)>,
    current: Option<(PathBuf, Cast<BufWriter<File>>)>,
    news: VecDeque<RecordingNews>,
}

impl Recordings {
    /// Recordings to files in the current folder, once they are asked for.
    #[must_use]
    pub fn on_demand(options: CastOptions) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            options,
            ..Inner::default()
        })))
    }

    /// Recordings without a name go to `folder`.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        folder.clone_into(&mut self.0.borrow_mut().folder);
        self
    }

    /// Recordings of which the first one goes to the file at `path`, which is replaced, and is
    /// begun at once.
    ///
    /// # Errors
    ///
    /// When that file cannot be made.
    pub fn to_file(path: &Path, options: CastOptions) -> Result<Self, RecordingError> {
        let mut anew = OpenOptions::new();
        anew.write(true).create(true).truncate(true);
        let file = regular_file::open_to_write(&mut anew, path).map_err(|why| RecordingError {
            path: path.to_owned(),
            why,
        })?;
        let recordings = Self::on_demand(options);
        recordings.0.borrow_mut().named = Some((path.to_owned(), file));
        Ok(recordings)
    }

    /// Whether the first recording is to be begun at once.
    #[must_use]
    pub fn begins_at_once(&self) -> bool {
        self.0.borrow().named.is_some()
    }

    /// Begin a recording in a terminal of `size`, which has to draw everything anew.
    pub fn start(&self, size: Size) {
        let mut inner = self.0.borrow_mut();
        if inner.current.is_some() {
            return;
        }
        let (path, file) = match inner.named.take() {
            Some((path, file)) => (path, Ok(file)),
            None => free_file(&inner.folder),
        };
        let now = Instant::now();
        let begun = file.and_then(|file| {
            let options = inner.options.clone();
            let mut cast = Cast::begin(BufWriter::new(file), options, size, now)?;
            // The terminal got it before.
            cast.output(ENTER, now)?;
            Ok(cast)
        });
        match begun {
            Ok(cast) => {
                inner.news.push_back(RecordingNews::Started(path.clone()));
                inner.current = Some((path, cast));
            }
            Err(error) => inner.failed(&path, &error),
        }
    }

    /// End the recording under way, if there is one. Who plays it has the terminal back then.
    pub fn stop(&self) {
        self.output(LEAVE);
        let mut inner = self.0.borrow_mut();
        let Some((path, cast)) = inner.current.take() else {
            return;
        };
        match cast.finish() {
            Ok(()) => inner.news.push_back(RecordingNews::Saved(path)),
            Err(error) => inner.failed(&path, &error),
        }
    }

    /// The terminal got `bytes`.
    pub fn output(&self, bytes: &[u8]) {
        self.write(|cast, now| cast.output(bytes, now));
    }

    /// The terminal has this size now.
    pub fn resize(&self, size: Size) {
        self.write(|cast, now| cast.resize(size, now));
    }

    /// A chapter begins here.
    pub fn mark(&self, label: &str) {
        self.write(|cast, now| cast.mark(label, now));
    }

    /// What the user should know, the oldest first; each is told once.
    #[must_use]
    pub fn news(&self) -> Option<RecordingNews> {
        self.0.borrow_mut().news.pop_front()
    }

    fn write(&self, event: impl FnOnce(&mut Cast<BufWriter<File>>, Instant) -> io::Result<()>) {
        let mut inner = self.0.borrow_mut();
        let Some((path, cast)) = &mut inner.current else {
            return;
        };
        if let Err(error) = event(cast, Instant::now()) {
            let path = path.clone();
            // What it holds back cannot be written either.
            inner.current = None;
            inner.failed(&path, &error);
        }
    }
}

impl Inner {
    fn failed(&mut self, path: &Path, error: &io::Error) {
        tracing::error!(path = %path.display(), %error, "a recording failed");
        let why = format!("The recording {} failed: {error}", path.display());
        self.news.push_back(RecordingNews::Failed(why));
    }
}

/// A new file in `folder`, under the first name that is free.
fn free_file(folder: &Path) -> (PathBuf, io::Result<File>) {
    let mut number = 1;
    loop {
        let path = folder.join(format!("lenscape-{number}.cast"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        match file {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            file => return (path, file),
        }
    }
}
