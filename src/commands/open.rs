//! The program itself: opened with a model, or with a saved trace.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr, eyre};

use super::CommandError;
use super::context::{self, TOP_TOKENS};
use super::options::{
    CharsetName, ChatOptions, ColorChoice, DeviceOptions, DtypeChoice, LensOptions,
    RecordingOptions, SamplingOptions,
};
use crate::app::{Effect, Notice, NoticeKind, RecordingNews, SavedTrace, Start, State};
use crate::autosave::AutosaveFolder;
use crate::engine::{self, Opener};
use crate::export::{recorded, trace_file};
use crate::log_file::LogError;
use crate::run::{Record, Sampling};
use crate::settings::{self, ColourChoice, Settings, Switch};
use crate::terminal::{self, Autosaver, Link, Recordings, charset, colour, faults, tour_seen};
use crate::trace::Ablation;

/// How long a cancelled fetch may take to clean up before the process ends.
const FOR_CLEANING_UP: Duration = Duration::from_millis(500);

/// What the program starts with.
#[derive(Args, Debug)]
pub struct Program {
    /// The prompt; it is generated from as soon as the model is ready.
    #[arg(id = "PROMPT")]
    pub prompt: Option<String>,
    /// Score this text as what follows the prompt, instead of generating.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "PROMPT",
        allow_hyphen_values = true
    )]
    pub force: Option<String>,
    /// The program's options.
    #[command(flatten)]
    pub options: ProgramOptions,
}

/// Options of the program itself.
#[derive(Args, Debug)]
pub struct ProgramOptions {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// How many tokens to generate.
    #[arg(long, short = 'n')]
    pub max_tokens: Option<usize>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Ablation>,
    /// Prompts as turns of a conversation.
    #[command(flatten)]
    pub chat: ChatOptions,
    /// Which lens.
    #[command(flatten)]
    pub lens: LensOptions,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
    /// The theme: its colours.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// What its screen is like.
    #[command(flatten)]
    pub screen: ScreenOptions,
}

impl Program {
    /// Opens the program, and shows it until it ends.
    ///
    /// # Errors
    ///
    /// When there is no terminal for it, or the engine cannot be started.
    pub fn run(self, log: Result<(), LogError>) -> Result<ExitCode> {
        let mut settings = self.options.over(context::user_settings()?)?;
        let frame = self.options.chat.frame()?;
        if let Some(frame) = &frame {
            let system = frame.system.clone();
            let options = &mut settings.options.chat;
            options.template = Switch::On;
            options.system = system.unwrap_or_else(|| options.system.clone());
        }
        let start = Start {
            prompt: self.prompt,
            force: self.force,
            messages: frame.and_then(|frame| frame.messages),
            tour: settings.options.wants_the_default_model() && !tour_seen::is_seen(),
            ablations: self.options.skip.clone(),
            ..on_terminal()?
        };
        let recordings = self.options.screen.recording.recordings()?;
        let opener = Opener::from_env(settings.options.dtype, TOP_TOKENS)?
            .on(settings.options.devices())
            .with_lenses_that_fit(self.options.lens.files()?, settings.options.lens);
        let (mut state, mut effects) = State::new(settings, start);
        tell_of_log(&mut state, log);
        effects.push(Effect::FindAutosave);
        show(state, effects, opener, &recordings)
    }
}

impl ProgramOptions {
    /// The settings with what the command line asks for, so that it is what holds, and `:set`
    /// begins from there.
    ///
    /// # Errors
    ///
    /// When there is no such theme.
    pub fn over(&self, settings: Settings) -> Result<Settings, CommandError> {
        let settings = context::with_theme(settings, self.theme.as_deref())?;
        let mut settings = self.screen.over(settings);
        settings.options.dtype = context::dtype(self.dtype, &settings);
        self.device.over(&mut settings.options);
        settings.options.model = context::wanted_model(self.model.as_ref(), &settings);
        let options = &mut settings.options;
        options.max_tokens = self.max_tokens.unwrap_or(options.max_tokens);
        options.lens = self.lens.asked().unwrap_or(options.lens);
        options.grid.rows = self.lens.rows().unwrap_or(options.grid.rows);
        let sampling = self.sampling.over(Sampling::from(&options.sampling));
        options.sampling = settings::SamplingOptions::from(&sampling);
        Ok(settings)
    }
}

/// What the program's screen is like, whatever it shows.
#[derive(Args, Debug)]
pub struct ScreenOptions {
    /// Colours: as many as the terminal can show, or fewer.
    #[arg(long, visible_alias = "colour")]
    pub color: Option<ColorChoice>,
    /// Characters: those of the locale, all, or ASCII only.
    #[arg(long)]
    pub charset: Option<CharsetName>,
    /// How the program is recorded.
    #[command(flatten)]
    pub recording: RecordingOptions,
}

impl ScreenOptions {
    /// The settings with the characters and colours that the command line asks for.
    pub(super) fn over(&self, mut settings: Settings) -> Settings {
        let options = &mut settings.options;
        options.charset = self.charset.map_or(options.charset, Into::into);
        options.colour = self.color.map_or(options.colour, Into::into);
        settings
    }
}

/// Options of `lenscape open`.
#[derive(Args, Debug)]
pub struct OpenTrace {
    /// The trace file: `.json` or `.safetensors`.
    #[arg(required_unless_present_any = ["last", "example"])]
    pub file: Option<PathBuf>,
    /// The newest trace that was kept because the program ended before it was saved.
    #[arg(long, conflicts_with = "file")]
    pub last: bool,
    /// The theme: its colours.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// A recorded run that the program carries; the first is `keys`, and `^R` goes on to the next.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "last"])]
    pub example: Option<String>,
    /// What its screen is like.
    #[command(flatten)]
    pub screen: ScreenOptions,
}

impl OpenTrace {
    /// Shows the trace until the program ends.
    ///
    /// # Errors
    ///
    /// When the file holds no trace, or there is no terminal for it.
    pub fn run(self, log: Result<(), LogError>) -> Result<ExitCode> {
        let settings = context::with_theme(context::user_settings()?, self.theme.as_deref())?;
        let settings = self.screen.over(settings);
        // What is wrong with it is told before the terminal is taken.
        let shown = match (self.example, self.file) {
            (Some(name), _) => Shown::Example(Arc::new(recorded::open(&name)?), name),
            (None, file) => {
                let path = file.map_or_else(last_autosave, Ok)?;
                let record = Arc::new(trace_file::open(&path)?);
                Shown::File(SavedTrace { path, record })
            }
        };
        let start = on_terminal()?;
        let recordings = self.screen.recording.recordings()?;
        let opener =
            Opener::from_env(settings.options.dtype, TOP_TOKENS)?.on(settings.options.devices());
        let (mut state, effects) = match shown {
            Shown::Example(record, name) => State::of_recorded(settings, start, &name, record),
            Shown::File(saved) => State::of_saved(settings, start, saved),
        };
        tell_of_log(&mut state, log);
        show(state, effects, opener, &recordings)
    }
}

/// What is opened.
enum Shown {
    /// A run that the program carries, with its name.
    Example(Arc<Record>, String),
    /// A trace of the user's.
    File(SavedTrace),
}

/// The newest trace that was kept because nobody had saved it.
fn last_autosave() -> Result<PathBuf> {
    let autosave_folder =
        AutosaveFolder::usual().ok_or_else(|| eyre!("the folder for state is not known"))?;
    autosave_folder.newest()?.ok_or_else(|| {
        let folder = autosave_folder.folder().display();
        eyre!("no unsaved trace has been kept in {folder}")
    })
}

/// Says on the screen that nothing is logged, unless there is something else to be said.
pub(super) fn tell_of_log(state: &mut State, log: Result<(), LogError>) {
    if let (Err(error), None) = (log, &state.notice) {
        state.notice = Some(Notice {
            kind: NoticeKind::Error,
            text: error.to_string(),
        });
    }
}

/// The start on the terminal that there is.
pub(super) fn on_terminal() -> Result<Start> {
    terminal::Tty::open()?;
    if context::variable("TERM").is_some_and(|term| term == "dumb") {
        return Err(eyre!(
            "the terminal is dumb and shows no screen; use `lenscape trace PROMPT --follow`"
        ));
    }
    let size = terminal::size().wrap_err("the terminal's size is not known")?;
    Ok(Start {
        depth: colour::depth(ColourChoice::Auto, context::variable),
        charset: charset::of_locale(context::variable),
        ..Start::on((size.width, size.height))
    })
}

/// Shows the program until it ends.
pub(super) fn show(
    mut state: State,
    effects: Vec<Effect>,
    opener: Opener,
    recordings: &Recordings,
) -> Result<ExitCode> {
    let fetches = opener.fetches();
    let (engine, events, thread) =
        engine::spawn(opener).wrap_err("the engine cannot be started")?;
    let link = Link::detect(context::variable);
    let autosaver = Autosaver::new(AutosaveFolder::usual());
    let ended = terminal::run(
        &mut state, effects, engine, events, link, recordings, &autosaver,
    );
    if let Some(fault) = ended.as_ref().ok().and_then(|exit| faults::in_words(*exit)) {
        // The terminal may be gone.
        let _ = writeln!(io::stderr(), "lenscape: {fault}");
    }
    autosaver.tell_outcome();
    fetches.wait(FOR_CLEANING_UP);
    let exit = ended?;
    end(recordings, &mut io::stderr())?;
    faults::die_of(exit);
    // A forward pass under way would only delay the shell's prompt.
    drop(thread);
    Ok(u8::try_from(exit.code()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Ends the recording under way, and says where it is.
pub(super) fn end(recordings: &Recordings, out: &mut dyn Write) -> Result<()> {
    recordings.stop();
    while let Some(news) = recordings.news() {
        match news {
            RecordingNews::Saved(path) => {
                // Who has gone does not miss it.
                let _ = writeln!(out, "{}", context::shown(&path));
            }
            RecordingNews::Failed(why) => return Err(eyre!(why)),
            RecordingNews::Started(_) => {}
        }
    }
    Ok(())
}
