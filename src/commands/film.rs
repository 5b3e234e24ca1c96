//! `lenscape film`: a recording as a moving picture.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, WrapErr};

use super::context;
use super::options::positive;
use super::standard_output::to_stdout;
use crate::export::file::{self, Existing};
use crate::export::film::{FilmOptions, film};
use crate::regular_file;
use crate::settings::theme::Ground;

/// A cast is not longer.
pub const LONGEST_CAST: u64 = 1 << 28;

/// Options of `lenscape film`.
#[derive(Args, Debug)]
pub struct Film {
    /// The recording: an asciicast of version 2 or 3.
    pub cast: PathBuf,
    /// Write to this file, which is replaced, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many frames a second are drawn at most.
    #[arg(long, value_name = "FRAMES", default_value = "12", value_parser = positive)]
    pub rate: f64,
    /// Longer pauses become so long.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = positive)]
    pub idle_limit: f64,
    /// How long the last screen stays before the film begins again.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = positive)]
    pub hold: f64,
    /// What stands behind cells without a colour of their own: as the recorded theme needs it.
    #[arg(long, default_value = "dark")]
    pub ground: GroundChoice,
}

/// A ground, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GroundChoice {
    /// For light text.
    Dark,
    /// For dark text.
    Light,
}

impl Film {
    /// Makes the picture.
    ///
    /// # Errors
    ///
    /// When the file is no cast, or the picture cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        let seconds = |time| Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX);
        let options = FilmOptions {
            ground: match self.ground {
                GroundChoice::Dark => Ground::Dark,
                GroundChoice::Light => Ground::Light,
            },
            shortest: seconds(1.0 / self.rate),
            idle_limit: seconds(self.idle_limit),
            // A film ends within a time that can be counted.
            hold: seconds(self.hold).min(Duration::from_secs(3600)),
            ..FilmOptions::default()
        };
        let told = || {
            format!(
                "cannot make a moving picture of {}",
                context::shown(&self.cast)
            )
        };
        let cast = regular_file::read(&self.cast, LONGEST_CAST).wrap_err_with(told)?;
        let picture = film(cast.as_slice(), &options).wrap_err_with(told)?;
        match &self.output {
            Some(path) => {
                file::save(path, picture.as_bytes(), Existing::Replace)?;
            }
            None => to_stdout(|out| out.write_all(picture.as_bytes()))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
