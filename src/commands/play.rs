//! `lenscape play`: scripts in place of a user, on a screen in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use color_eyre::eyre::{Result, eyre};
use ratatui::buffer::Buffer;

use super::context::{self, TOP_TOKENS};
use super::open::{self, ProgramOptions};
use super::standard_output::to_stdout;
use crate::app::{Start, State};
use crate::engine::{self, Opener};
use crate::export::cast::{CastOptions, Maker};
use crate::play::{self, Pictures, PlaceError, ScreenshotAt, Script, place};
use crate::settings::Settings;
use crate::terminal::{RecordingError, Recordings};

/// Options of `lenscape play`.
#[derive(Args, Debug)]
pub struct Play {
    /// The scripts, TOML files, each of them played from the program's start.
    #[arg(required = true, value_name = "SCRIPT")]
    pub scripts: Vec<PathBuf>,
    /// The folder for what the scripts name; else it goes beside each script.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Write the last screen to this file, .svg or .png; with MARK= the screen at that mark of the
    /// script. May be repeated.
    #[arg(long, value_name = "[MARK=]FILE", value_parser = str::parse::<ScreenshotAt>)]
    pub screenshot: Vec<ScreenshotAt>,
    /// The program's own options.
    #[command(flatten)]
    pub options: ProgramOptions,
}

impl Play {
    /// Plays the scripts one after the other, and writes their pictures and recordings.
    ///
    /// # Errors
    ///
    /// When a script is wrong or not played to its end, or a file cannot be made.
    pub fn run(self) -> Result<ExitCode> {
        let Self {
            scripts,
            output,
            screenshot,
            options: program,
        } = self;
        if scripts.len() > 1
            && (program.screen.recording.record.is_some() || !screenshot.is_empty())
        {
            return Err(eyre!(
                "--record and --screenshot are for one script; several name their files themselves"
            ));
        }
        let settings = program.over(Settings::embedded()?);
        // Pictures and casts have every colour where nothing else is asked for.
        let start = Start {
            ablations: program.skip.clone(),
            ..Start::on((0, 0))
        };
        // A mistake in the last one is told before the first one is played.
        let performances = scripts
            .iter()
            .map(|path| Performance::read(path))
            .collect::<Result<Vec<_>, _>>()?;
        for performance in performances {
            let performance = Performance {
                folder: output.clone(),
                screenshots: screenshot.clone(),
                record: program.screen.recording.record.clone(),
                cast: program.screen.recording.cast(),
                ..performance
            };
            let opener = Opener::from_env(settings.options.dtype, TOP_TOKENS)?
                .on(settings.options.devices());
            let performed = performance.play(settings.clone(), start.clone(), opener)?;
            to_stdout(|out| {
                let mut pictures = performed.pictures.iter();
                pictures.try_for_each(|path| writeln!(out, "{}", context::shown(path)))
            })?;
            open::end(&performed.recordings, &mut io::stdout())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

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
        /// Path of the script's TOML file.
        script: PathBuf,
        /// At which step it failed, and how.
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
pub struct PlayResult {
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
    ) -> Result<PlayResult, PlayError> {
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
        Ok(PlayResult {
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
