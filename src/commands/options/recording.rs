//! How the program is recorded.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::sampling::positive;
use crate::export::cast::{CastOptions, CastVersion, Maker};
use crate::terminal::{RecordingError, Recordings};

/// How the program is recorded.
#[derive(Args, Clone, Debug)]
pub struct RecordingOptions {
    /// Record what the terminal gets to this file, as an asciicast.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The title of recordings.
    #[arg(long)]
    pub title: Option<String>,
    /// The asciicast version of recordings.
    #[arg(long, value_name = "VERSION", default_value = "2")]
    pub cast_version: CastVersionChoice,
    /// Longer pauses in recordings become so long.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = positive)]
    pub idle_limit: f64,
}

impl RecordingOptions {
    /// What was asked for.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn recordings(&self) -> Result<Recordings, RecordingError> {
        match &self.record {
            Some(path) => Recordings::to_file(path, self.cast()),
            None => Ok(Recordings::on_demand(self.cast())),
        }
    }

    /// How casts are written.
    #[must_use]
    pub fn cast(&self) -> CastOptions {
        CastOptions {
            version: self.cast_version.into(),
            title: self.title.clone(),
            idle_limit: Duration::try_from_secs_f64(self.idle_limit).unwrap_or(Duration::MAX),
            maker: Maker::Session,
        }
    }
}

/// A version of the asciicast format, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CastVersionChoice {
    /// What every player reads.
    #[value(name = "2")]
    V2,
    /// What asciinema reads since 3.0.
    #[value(name = "3")]
    V3,
}

impl From<CastVersionChoice> for CastVersion {
    fn from(choice: CastVersionChoice) -> Self {
        match choice {
            CastVersionChoice::V2 => Self::V2,
            CastVersionChoice::V3 => Self::V3,
        }
    }
}
