//! `lenscape play`: scripts in place of a user, on a screen in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ratatui::buffer::Buffer;

use crate::app::{Start, State};
use crate::engine::{self, Opener};
use crate::export::cast::{CastOptions, Maker};
use crate::play::{self, Pictures, PlaceError, ScreenshotAt, Script, place};
use crate::settings::Settings;
use crate::terminal::{RecordingError, Recordings};

/// A script was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The engine's thread does not start.
    #[error("the engine cannot be started")]
    Engine(#[source] io::Error),
    /// The cast's file cannot be made.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The script names it where it may not write.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The script failed.
    #[error("{}", script.display())]
    Script {
        /// The script.
        script: PathBuf,
        /// Why.
        source: Box<play::Error>,
    },
}

/// One script, and what is to come of it.
#[derive(Clone, Debug)]
pub struct Performance {
    /// The script's file.
    pub path: PathBuf,
    /// The script.
    pub script: Script,
    /// Where its pictures and its cast go; else they go beside it.
    pub folder: Option<PathBuf>,
    /// Pictures beside those of the script.
    pub screenshots: Vec<ScreenshotAt>,
    /// The cast that is made, in the place of the script's own.
    pub record: Option<PathBuf>,
    /// How casts are written; the script has a title where there is none.
    pub cast: CastOptions,
}

/// What came of a script.
pub struct Performed {
    /// The pictures, in the order in which they were taken.
    pub pictures: Vec<PathBuf>,
    /// The last screen.
    pub screen: Buffer,
    /// Ended, with the news of what became of them still to be heard.
    pub recordings: Recordings,
}

impl Performance {
    /// The script in the file at `path`, with what it asks for itself.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, play::Error> {
        Ok(Self {
            path: path.to_owned(),
            script: Script::read(path)?,
            folder: None,
            screenshots: Vec::new(),
            record: None,
            cast: CastOptions::default(),
        })
    }

    /// Play it with the program as it starts with `settings` and `start`, on a screen of the
    /// script's size, and with models of `opener`.
    ///
    /// # Errors
    ///
    /// When the script is not played to its end, or a file cannot be made.
    pub fn play(
        &self,
        settings: Settings,
        start: Start,
        opener: Opener,
    ) -> Result<Performed, PlayError> {
        let recordings = self.recordings()?;
        let size = self.script.size;
        let start = Start {
            size: (size.width, size.height),
            now: Instant::now(),
            ..start
        };
        let (mut state, effects) = State::new(settings, start);
        let (engine, events, thread) = engine::spawn(opener).map_err(PlayError::Engine)?;
        let pictures = Pictures {
            folder: self.folder(),
            wanted: &self.screenshots,
        };
        let played = play::play(
            &self.script,
            pictures,
            &mut state,
            effects,
            engine,
            events,
            &recordings,
        );
        recordings.stop();
        // The next script should have the machine for itself. The engine reports its own panics.
        let _ = thread.join();
        let played = played.map_err(|source| PlayError::Script {
            script: self.path.clone(),
            source: Box::new(source),
        })?;
        Ok(Performed {
            pictures: played.pictures,
            screen: played.screen,
            recordings,
        })
    }

    fn recordings(&self) -> Result<Recordings, PlayError> {
        let options = CastOptions {
            title: self.cast.title.clone().or(Some(self.script.title.clone())),
            maker: Maker::Play,
            ..self.cast.clone()
        };
        let recordings = match (&self.record, &self.script.record) {
            (Some(path), _) => Recordings::to_file(path, options)?,
            (None, Some(name)) => {
                Recordings::to_file(&place::to_replace(self.folder(), name)?, options)?
            }
            (None, None) => Recordings::on_demand(options),
        };
        Ok(recordings.in_folder(self.folder()))
    }

    fn folder(&self) -> &Path {
        let own = || self.path.parent().unwrap_or(Path::new(""));
        self.folder.as_deref().unwrap_or_else(own)
    }
}
