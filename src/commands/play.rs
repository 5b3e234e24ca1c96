//! `lenscape play`: scripts in place of a user, on a screen in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use color_eyre::eyre::{Result, eyre};
use ratatui::buffer::Buffer;

use super::context::{self, TOP_TOKENS};
use super::film::LONGEST_CAST;
use super::open::{self, ProgramOptions};
use super::standard_output::to_stdout;
use crate::app::{Start, State};
use crate::engine::{self, Opener};
use crate::export::cast::{CastOptions, Maker};
use crate::export::film::{self, FilmError, FilmOptions};
use crate::play::{self, Pictures, PlaceError, ScreenshotAt, Script, TypeSize, mark, place};
use crate::regular_file;
use crate::settings::Settings;
use crate::settings::theme::Ground;
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
    /// For a talk: a screen of 80x24 whatever the scripts say, so that letters are large, and PNGs
    /// that fill a projector's width.
    #[arg(long)]
    pub large_type: bool,
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
            large_type,
            options: program,
        } = self;
        if scripts.len() > 1
            && (program.screen.recording.record.is_some() || !screenshot.is_empty())
        {
            return Err(eyre!(
                "--record and --screenshot are for one script; several name their files themselves"
            ));
        }
        let mut settings = Settings::embedded()?;
        if program.theme.is_some() {
            // Scripts give the same everywhere; only a theme that is asked for may be the user's own.
            settings.themes = context::user_settings()?.themes;
        }
        let settings = program.over(settings)?;
        let type_size = match large_type {
            true => TypeSize::Large,
            false => TypeSize::Usual,
        };
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
                type_size,
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
            if let Some(path) = &performed.film {
                to_stdout(|out| writeln!(out, "{}", context::shown(path)))?;
            }
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
    /// The cast does not become a moving picture.
    #[error("cannot make the moving picture {}", path.display())]
    Film {
        /// The picture.
        path: PathBuf,
        /// What was wrong with it.
        source: FilmError,
    },
    /// The moving picture cannot be written.
    #[error("cannot write the moving picture {}", path.display())]
    WriteFilm {
        /// The picture.
        path: PathBuf,
        /// What was wrong with it.
        source: io::Error,
    },
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
    /// How large letters are; of large ones fewer are on the screen than the script says.
    pub type_size: TypeSize,
}

/// What came of a script.
pub struct PlayResult {
    /// The pictures, in the order in which they were taken.
    pub pictures: Vec<PathBuf>,
    /// The last screen.
    pub screen: Buffer,
    /// Ended, with the news of what became of them still to be heard.
    pub recordings: Recordings,
    /// The moving picture.
    pub film: Option<PathBuf>,
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
            type_size: TypeSize::default(),
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
        let script = match self.type_size.screen() {
            Some(size) => self.script.clone().on_screen_of(size),
            None => self.script.clone(),
        };
        let size = script.size;
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
            type_size: self.type_size,
        };
        let played = play::play(
            &script,
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
            film: self.film(played.ground)?,
            pictures: played.pictures,
            screen: played.screen,
            recordings,
        })
    }

    /// Makes the moving picture that the script names of the cast that is there now.
    fn film(&self, ground: Ground) -> Result<Option<PathBuf>, PlayError> {
        let (Some(name), Some(cast)) = (&self.script.film, self.cast_path()?) else {
            return Ok(None);
        };
        let path = place::to_replace(self.folder(), name)?;
        let options = FilmOptions {
            title: self.script.title.clone(),
            ground,
            ..FilmOptions::default()
        };
        let made = regular_file::read(&cast, LONGEST_CAST)
            .map_err(|error| FilmError::Cast(error.into()))
            .and_then(|cast| film::film(cast.as_slice(), &options));
        let picture = made.map_err(|source| PlayError::Film {
            path: path.clone(),
            source,
        })?;
        match place::replace(&path, &mark::on_svg(picture)) {
            Ok(()) => Ok(Some(path)),
            Err(source) => Err(PlayError::WriteFilm { path, source }),
        }
    }

    /// Where the cast goes that is made from the beginning on.
    fn cast_path(&self) -> Result<Option<PathBuf>, PlaceError> {
        match (&self.record, &self.script.record) {
            (Some(path), _) => Ok(Some(path.clone())),
            (None, Some(name)) => place::to_replace(self.folder(), name).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn recordings(&self) -> Result<Recordings, PlayError> {
        let options = CastOptions {
            title: self.cast.title.clone().or(Some(self.script.title.clone())),
            maker: Maker::Play,
            idle_limit: match self.script.idle_limit {
                Some(limit) => limit.min(self.cast.idle_limit),
                None => self.cast.idle_limit,
            },
            ..self.cast.clone()
        };
        let recordings = match self.cast_path()? {
            Some(path) => Recordings::to_file(&path, options)?,
            None => Recordings::on_demand(options),
        };
        Ok(recordings.in_folder(self.folder()))
    }

    fn folder(&self) -> &Path {
        let own = || self.path.parent().unwrap_or(Path::new(""));
        self.folder.as_deref().unwrap_or_else(own)
    }
}
