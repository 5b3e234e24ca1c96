//! Plays a script: drives the program without a terminal, and takes pictures of its screen.
//!
//! A script stands where the user would be, and a `Stage` where the terminal would be. All
//! between them is the real program: the loop that drives it, its state, its panes and whatever
//! engine it is given.

mod director;
pub mod mark;
pub mod place;
mod screenshot;
mod script;
mod stage;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use tokio::runtime;
use tokio::sync::mpsc;

use crate::app::{Effect, State};
use crate::engine::{self, Handle};
use crate::settings::theme::Ground;
use crate::terminal::{self, Channels, Recordings, Signals, drive};

use director::Director;
pub use place::PlaceError;
pub use screenshot::{Screenshot, ScreenshotAt, ScreenshotFormat};
pub use script::{Milestone, Script, ScriptStep, Wait};
use stage::Stage;

/// Why a script could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script's file cannot be read.
    #[error("cannot read the script {}", path.display())]
    Read {
        /// Path of the script's TOML file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The script is not written as it should be.
    #[error("the script {} is not valid: {why}", path.display())]
    Script {
        /// Path of the script's TOML file.
        path: PathBuf,
        /// Where and what.
        why: String,
    },
    /// What a step waits for did not come.
    #[error("step {step}: waited {} s for {what}", waited.as_secs_f32())]
    TimedOut {
        /// The step, counted from 1.
        step: usize,
        /// What it waits for.
        what: String,
        /// How long it waited before it gave up.
        waited: Duration,
        /// What was on the screen instead.
        screen: String,
    },
    /// The program ended before the script did.
    #[error("step {step}: the program has ended")]
    Ended {
        /// The step that was next, counted from 1.
        step: usize,
    },
    /// A picture is to be taken at a mark that the script has not.
    #[error("the script has no mark {0:?}")]
    NoSuchMark(String),
    /// A picture cannot be written.
    #[error("cannot write the screenshot {}", path.display())]
    Screenshot {
        /// Where it was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is named where a script may not write.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The loop that drives the program failed.
    #[error(transparent)]
    Terminal(#[from] terminal::Error),
    /// The runtime cannot be started.
    #[error("cannot play: {0}")]
    Runtime(io::Error),
}

/// Where pictures go, and which ones are taken beside those of the script.
#[derive(Clone, Copy, Debug)]
pub struct Pictures<'a> {
    /// The folder of the script's own; it is made if need be.
    pub folder: &'a Path,
    /// Those that the command line asks for.
    pub wanted: &'a [ScreenshotAt],
    /// How large their letters are.
    pub type_size: TypeSize,
}

/// How large letters are in pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypeSize {
    /// For reading at a desk: a script's own screen, two pixels a unit.
    #[default]
    Usual,
    /// For a room: 80 columns and 24 rows whatever the script says, three pixels a unit.
    Large,
}

impl TypeSize {
    /// The screen that it asks for.
    #[must_use]
    pub fn screen(self) -> Option<Size> {
        match self {
            Self::Usual => None,
            Self::Large => Some(Size::new(80, 24)),
        }
    }

    /// Pixels a unit in a PNG. With two, letters are crisp on a display of high density as well;
    /// with three, 80 columns fill a projector's width.
    fn scale(self) -> f32 {
        match self {
            Self::Usual => 2.0,
            Self::Large => 3.0,
        }
    }
}

/// What came of a script.
#[derive(Debug)]
pub struct ScriptResult {
    /// The pictures, in the order in which they were taken.
    pub pictures: Vec<PathBuf>,
    /// The last screen.
    pub screen: Buffer,
    /// What stands behind its cells in a picture.
    pub ground: Ground,
}

/// Play `script` with the program in `state`, which starts with `effects`; `recordings` take what
/// a terminal would get.
///
/// The engine has been told to give up everything when this returns.
///
/// # Errors
///
/// When something that the script waits for does not come, or a picture cannot be written.
pub fn play(
    script: &Script,
    pictures: Pictures<'_>,
    state: &mut State,
    effects: Vec<Effect>,
    engine: Handle,
    events: mpsc::Receiver<engine::Event>,
    recordings: &Recordings,
) -> Result<ScriptResult, Error> {
    let mut marks = pictures.wanted.iter().filter_map(|at| at.mark.as_ref());
    if let Some(mark) = marks.find(|mark| !script.has_mark(mark)) {
        return Err(Error::NoSuchMark(mark.clone()));
    }
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(Error::Runtime)?;
    let (mut stage, view) =
        Stage::new(script.size, pictures.folder, recordings.clone()).map_err(Error::Runtime)?;
    let mut director = Director::new(script, pictures, view.clone(), recordings);
    // Nobody is there to send a signal: the process's own signals keep their meaning.
    let channels = Channels {
        engine,
        events,
        signals: Signals::none(),
    };
    runtime.block_on(drive(state, effects, &mut stage, &mut director, channels))?;
    let pictures = director.finish()?;
    let screen = view.buffer().clone();
    let ground = view.ground();
    Ok(ScriptResult {
        pictures,
        screen,
        ground,
    })
}
