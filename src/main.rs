//! The binary: reads the command line, prepares the process, and hands over to the library.

use std::error::Error as _;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use color_eyre::eyre::{Result, WrapErr, eyre};
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use rustix::process::{Resource, getrlimit};

use lenscape::allocator::Noticing;
use lenscape::app::{Effect, Notice, NoticeKind, RecordingNews, SavedTrace, Start, State};
use lenscape::autosave::Autosaves;
use lenscape::catalog::{Catalog, Places};
use lenscape::cli::{
    self, CharsetName, Cli, CliCommand, ColorChoice, ComparisonFormat, ConfigCommand,
    ModelsCommand, Options, Program, ReportFormat,
};
use lenscape::commands::output::Output;
use lenscape::commands::play::Performance;
use lenscape::commands::standard_output::StandardOutput;
use lenscape::commands::{bench, compare, config, follow, inspect, models, shell, trace, verify};
use lenscape::display::palette::Palette;
use lenscape::engine;
use lenscape::engine::Opener;
use lenscape::export::{comparison, trace_file};
use lenscape::log_file::{self, LogError};
use lenscape::model::Dtype;
use lenscape::report;
use lenscape::run::{Sampling, Wanted};
use lenscape::settings::{self, Charset, ColourChoice, Settings};
use lenscape::terminal::{self, Keeper, Link, Recordings, charset, colour, faults, panic_hook};
use lenscape::trace::{LensKind, Step};
use lenscape::vocabulary::{visible_line, visible_text};

#[global_allocator]
static ALLOCATOR: Noticing = Noticing;

/// How many of each row's best tokens the program keeps for the cell pane.
const TOP_TOKENS: usize = 10;

/// How long a cancelled fetch may take to clean up before the process ends.
const FOR_CLEANING_UP: Duration = Duration::from_millis(500);

/// Widest table where the output's width is not known.
const USUAL_WIDTH: u16 = 100;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return told(error),
    };
    set_threads();
    spare_addresses();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "lenscape: {}",
                report::in_one_line(error.chain())
            );
            ExitCode::FAILURE
        }
    }
}

/// A part of a message about the command line.
fn harmless(value: &ContextValue) -> ContextValue {
    let styled = |text: &StyledStr| StyledStr::from(visible_line(&text.to_string()));
    match value {
        ContextValue::String(text) => ContextValue::String(visible_line(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.iter().map(|text| visible_line(text)).collect())
        }
        ContextValue::StyledStr(text) => ContextValue::StyledStr(styled(text)),
        ContextValue::StyledStrs(texts) => {
            ContextValue::StyledStrs(texts.iter().map(styled).collect())
        }
        other => other.clone(),
    }
}

/// Prints the help that was asked for, or what is wrong with the command line, which quotes it.
fn told(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let quoted: Vec<_> = error
        .context()
        .map(|(kind, value)| (kind, harmless(value)))
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    if let Some(why) = error.source().map(|why| visible_line(&why.to_string())) {
        // The value parser's own words, which quote the value.
        let [value, argument] = [ContextKind::InvalidValue, ContextKind::InvalidArg]
            .map(|kind| error.get(kind).map(ToString::to_string).unwrap_or_default());
        let told = format!(
            "invalid value '{value}' for '{argument}': {why}\n\nFor more information, try '--help'.\n"
        );
        error = clap::Error::raw(error.kind(), told);
    }
    let message = visible_text(&error.render().to_string());
    let _ = write!(io::stderr(), "{message}");
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(cli: Cli) -> Result<ExitCode> {
    install_hooks()?;
    let log = start_log(cli.log.as_deref());
    match cli.command {
        None => open_program(&cli.program, log),
        Some(CliCommand::Trace(options)) => write_trace(&options),
        Some(CliCommand::Open(options)) => open_trace(&options, log),
        Some(CliCommand::Compare(options)) => write_comparison(&options),
        Some(CliCommand::Models(options)) => list_models(options),
        Some(CliCommand::Verify(options)) => run_verify(&options),
        Some(CliCommand::Bench(options)) => run_bench(&options),
        Some(CliCommand::Play(options)) => play_scripts(&options),
        Some(CliCommand::Config { command }) => show_config(command),
        Some(CliCommand::Completions { shell }) => {
            trace::to_stdout(|out| shell::completions(shell, out))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(CliCommand::Man) => {
            trace::to_stdout(|out| shell::man(out))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Sizes the thread pools of all tensor operations.
///
/// candle would take the physical cores of the host, whatever share of them this process may
/// use; both its pools obey these variables.
fn set_threads() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for name in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        if std::env::var_os(name).is_none() {
            // SAFETY: no other thread runs yet; this is called first in `main`.
            unsafe { std::env::set_var(name, threads.to_string()) };
        }
    }
}

/// Where the addresses of this process are limited (`ulimit -v`), spends few on order: the C
/// library would set 64 MB aside for every thread that allocates.
fn spare_addresses() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if getrlimit(Resource::As).current.is_some() {
        // SAFETY: it has no conditions; where it is refused, nothing changes.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}

/// Reports of panics and errors, from any thread, that do not harm the screen.
fn install_hooks() -> Result<()> {
    let (panics, errors) = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        // Without colours: stderr may be a file.
        .theme(color_eyre::config::Theme::new())
        .into_hooks();
    errors.install()?;
    panic_hook::install(move |info| visible_text(&panics.panic_report(info).to_string()));
    Ok(())
}

/// Logs to `wanted`, or to the usual file. That the former cannot be is told at once; the latter
/// is worth a word only where there is a screen for it.
fn start_log(wanted: Option<&Path>) -> Result<(), LogError> {
    let levels = variable("LENSCAPE_LOG");
    let mut started = Ok(());
    match (wanted, log_file::usual_path()) {
        (Some(path), _) => {
            if let Err(error) = log_file::start(path, levels.as_deref()) {
                let line = report::in_one_line([&error as &(dyn std::error::Error + 'static)]);
                let _ = writeln!(io::stderr(), "lenscape: {line}");
                started = Err(error);
            }
        }
        (None, Some(path)) => started = log_file::start(&path, levels.as_deref()),
        (None, None) => {}
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    started
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn user_settings() -> Result<Settings> {
    let folder = settings::folder(std::env::var_os("LENSCAPE_CONFIG"));
    Ok(Settings::load(folder.as_deref())?)
}

fn open_program(options: &Program, log: Result<(), LogError>) -> Result<ExitCode> {
    let Program {
        prompt,
        force,
        options,
    } = options;
    let settings = with_flags(user_settings()?, options);
    let start = Start {
        prompt: prompt.clone(),
        force: force.clone(),
        ..start(options, &settings)
    };
    let start = on_terminal(start)?;
    let recordings = options.recording.recordings()?;
    let dtype = settings.options.dtype;
    let (mut state, mut effects) = State::new(settings, start);
    tell_of_log(&mut state, log);
    effects.push(Effect::FindAutosave);
    show(state, effects, dtype, &recordings)
}

/// The settings with what the command line asks for besides a [`Start`], so that they are what
/// holds, and `:set` begins from there.
fn with_flags(settings: Settings, flags: &Options) -> Settings {
    let mut settings = with_looks(settings, flags.charset, flags.color);
    settings.options.dtype = dtype(flags.dtype, &settings);
    settings
}

/// The settings with the characters and colours that the command line asks for.
fn with_looks(
    mut settings: Settings,
    charset: Option<CharsetName>,
    colour: Option<ColorChoice>,
) -> Settings {
    let options = &mut settings.options;
    options.charset = charset.map_or(options.charset, Into::into);
    options.colour = colour.map_or(options.colour, Into::into);
    settings
}

fn open_trace(options: &cli::OpenTrace, log: Result<(), LogError>) -> Result<ExitCode> {
    let settings = with_looks(user_settings()?, options.charset, options.color);
    let path = match &options.file {
        Some(path) => path.clone(),
        None => last_autosave()?,
    };
    let record = trace_file::open(&path)?;
    let start = on_terminal(usual_start(&settings))?;
    let recordings = options.recording.recordings()?;
    let saved = SavedTrace {
        path,
        record: Arc::new(record),
    };
    let dtype = settings.options.dtype;
    let (mut state, effects) = State::of_saved(settings, start, saved);
    tell_of_log(&mut state, log);
    show(state, effects, dtype, &recordings)
}

/// The newest trace that was kept because nobody had saved it.
fn last_autosave() -> Result<PathBuf> {
    let autosaves = Autosaves::usual().ok_or_else(|| eyre!("the folder for state is not known"))?;
    autosaves.newest()?.ok_or_else(|| {
        let folder = autosaves.folder().display();
        eyre!("no unsaved trace has been kept in {folder}")
    })
}

/// Says on the screen that nothing is logged, unless there is something else to be said.
fn tell_of_log(state: &mut State, log: Result<(), LogError>) {
    if let (Err(error), None) = (log, &state.notice) {
        state.notice = Some(Notice {
            kind: NoticeKind::Error,
            text: error.to_string(),
        });
    }
}

/// The start on the terminal that there is.
fn on_terminal(start: Start) -> Result<Start> {
    terminal::Tty::open()?;
    if variable("TERM").is_some_and(|term| term == "dumb") {
        return Err(eyre!(
            "the terminal is dumb and shows no screen; use `lenscape trace PROMPT --follow`"
        ));
    }
    let size = terminal::size().wrap_err("the terminal's size is not known")?;
    Ok(Start {
        depth: colour::depth(ColourChoice::Auto, variable),
        charset: charset::of_locale(variable),
        size: (size.width, size.height),
        ..start
    })
}

/// Shows the program until it ends.
fn show(
    mut state: State,
    effects: Vec<Effect>,
    dtype: Dtype,
    recordings: &Recordings,
) -> Result<ExitCode> {
    let opener = Opener::from_env(dtype, TOP_TOKENS)?;
    let fetches = opener.fetches();
    let (engine, events, thread) =
        engine::spawn(opener).wrap_err("the engine cannot be started")?;
    let link = Link::detect(variable);
    let keeper = Keeper::new(Autosaves::usual());
    let ended = terminal::run(
        &mut state, effects, engine, events, link, recordings, &keeper,
    );
    if let Some(fault) = ended.as_ref().ok().and_then(|exit| faults::in_words(*exit)) {
        // The terminal may be gone.
        let _ = writeln!(io::stderr(), "lenscape: {fault}");
    }
    keeper.tell_outcome();
    fetches.wait(FOR_CLEANING_UP);
    let exit = ended?;
    end(recordings, &mut io::stderr())?;
    faults::die_of(exit);
    // A forward pass under way would only delay the shell's prompt.
    drop(thread);
    Ok(u8::try_from(exit.code()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn play_scripts(options: &cli::Play) -> Result<ExitCode> {
    let cli::Play {
        scripts,
        output,
        screenshot,
        options: program,
    } = options;
    if scripts.len() > 1 && (program.recording.record.is_some() || !screenshot.is_empty()) {
        return Err(eyre!(
            "--record and --screenshot are for one script; several name their files themselves"
        ));
    }
    let settings = with_flags(Settings::embedded()?, program);
    let start = Start {
        // Pictures and casts have every colour where nothing else is asked for.
        depth: settings::theme::Depth::TrueColour,
        ..start(program, &settings)
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
            record: program.recording.record.clone(),
            cast: program.recording.cast(),
            ..performance
        };
        let opener = Opener::from_env(settings.options.dtype, TOP_TOKENS)?;
        let performed = performance.play(settings.clone(), start.clone(), opener)?;
        trace::to_stdout(|out| {
            let mut pictures = performed.pictures.iter();
            pictures.try_for_each(|path| writeln!(out, "{}", shown(path)))
        })?;
        end(&performed.recordings, &mut io::stdout())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A path as a terminal may get it.
fn shown(path: &Path) -> String {
    visible_line(&path.to_string_lossy())
}

/// Ends the recording under way, and says where it is.
fn end(recordings: &Recordings, out: &mut dyn Write) -> Result<()> {
    recordings.stop();
    while let Some(news) = recordings.news() {
        match news {
            RecordingNews::Saved(path) => {
                // Who has gone does not miss it.
                let _ = writeln!(out, "{}", shown(&path));
            }
            RecordingNews::Failed(why) => return Err(eyre!(why)),
            RecordingNews::Started(_) => {}
        }
    }
    Ok(())
}

/// The model that was named, or else the settings' one: the same for the program and every command.
fn wanted_model(named: Option<&String>, settings: &Settings) -> String {
    named.unwrap_or(&settings.options.model).clone()
}

/// The start that the command line asks for, over the settings, without a prompt.
fn start(options: &Options, settings: &Settings) -> Start {
    let defaults = usual_start(settings);
    Start {
        skips: options.skip.clone(),
        model: wanted_model(options.model.as_ref(), settings),
        max_tokens: options.max_tokens.unwrap_or(defaults.max_tokens),
        sampling: options.sampling.over(defaults.sampling),
        lens: options.lens.map_or(defaults.lens, Into::into),
        ..defaults
    }
}

/// The start that the settings ask for, on a screen without room.
fn usual_start(settings: &Settings) -> Start {
    let options = &settings.options;
    Start {
        prompt: None,
        force: None,
        skips: Vec::new(),
        model: options.model.clone(),
        max_tokens: options.max_tokens,
        sampling: Sampling::from(&options.sampling),
        lens: options.lens,
        depth: settings::theme::Depth::None,
        charset: Charset::Unicode,
        size: (0, 0),
        now: Instant::now(),
    }
}

/// How models are computed with: as the command line asks for, over the settings.
fn dtype(choice: Option<cli::DtypeChoice>, settings: &Settings) -> Dtype {
    choice.map_or(settings.options.dtype, Into::into)
}

fn write_trace(options: &cli::Trace) -> Result<ExitCode> {
    let settings = user_settings()?;
    let request = trace::Request {
        model: wanted_model(options.model.as_ref(), &settings),
        prompt: options.prompt.clone(),
        force: options.force.clone(),
        skips: options.skip.clone(),
        max_tokens: options.max_tokens,
        lens: LensKind::from(options.lens),
        watch: options.watch.clone(),
        sampling: options.sampling.over(Sampling::default()),
    };
    let opener = Opener::from_env(dtype(options.dtype, &settings), options.top)?;
    if options.follow {
        follow::follow(&opener, &request, &mut io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let output = Output::of(options, &request, &settings)?;
    let traced = trace::trace(&opener, &request)?;
    output.write(&traced, table_looks(&settings))?;
    Ok(ExitCode::SUCCESS)
}

fn write_comparison(options: &cli::Compare) -> Result<ExitCode> {
    let settings = user_settings()?;
    let tokens = options.tokens.iter();
    let request = compare::Request {
        model: options
            .model
            .clone()
            .unwrap_or_else(|| settings.options.model.clone()),
        prompts: [options.prompts.as_slice(), &options.prompt].concat(),
        candidates: tokens
            .map(|text| text.parse::<Wanted>())
            .collect::<Result<_, _>>()?,
        lens: LensKind::from(options.lens),
        at: Step(options.at as usize - 1),
    };
    let opener = Opener::from_env(dtype(options.dtype, &settings), TOP_TOKENS)?;
    compare::compare(&opener, &request, |comparisons, session| {
        match options.format {
            ComparisonFormat::Json => {
                trace::to_stdout(|out| comparison::write_json(comparisons, out))
            }
            ComparisonFormat::Csv => {
                trace::tokens_to_stdout(|out| comparison::write_csv(comparisons, out))
            }
            ComparisonFormat::Table => trace::to_stdout(|out| {
                let (width, palette) = table_looks(&settings);
                let vocabulary = session.vocabulary();
                let palette = palette.as_ref();
                comparison::write_table(comparisons, vocabulary, width, palette, out)
            }),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The width of the output, and its colours if it is a terminal that has some.
fn table_looks(settings: &Settings) -> (usize, Option<Palette<'_>>) {
    let is_terminal = io::stdout().is_terminal();
    let width = terminal::size().map_or(USUAL_WIDTH, |size| size.width);
    let depth = colour::depth(settings.options.colour, variable);
    let theme = settings
        .themes
        .position(&settings.options.theme)
        .and_then(|position| settings.themes.get(position));
    let palette = theme
        .filter(|_| is_terminal)
        .map(|theme| Palette::new(theme, depth));
    (usize::from(width), palette)
}

fn show_config(command: ConfigCommand) -> Result<ExitCode> {
    let settings = user_settings()?;
    let folder = settings::folder(std::env::var_os("LENSCAPE_CONFIG"));
    let mut health = config::Health::Sound;
    trace::to_stdout(|out| match command {
        ConfigCommand::Print => config::print(&settings, out),
        ConfigCommand::Path => config::paths(folder.as_deref(), out),
        ConfigCommand::Check => {
            health = config::check(&settings, out)?;
            Ok(())
        }
    })?;
    Ok(match health {
        config::Health::Sound => ExitCode::SUCCESS,
        config::Health::Broken => ExitCode::FAILURE,
    })
}

fn list_models(options: cli::Models) -> Result<ExitCode> {
    let catalog = Catalog::built_in()?;
    let places = Places::from_env()?;
    match options.command {
        None => models::list(&catalog, &places, &mut StandardOutput::default())?,
        Some(ModelsCommand::Pull { name }) => {
            models::pull(&name, &catalog, &places, &mut StandardOutput::default())?;
        }
        Some(ModelsCommand::Inspect {
            name,
            dtype: choice,
            format,
        }) => {
            let dtype = dtype(choice, &user_settings()?);
            let inspection = inspect::inspect(&name, dtype, &catalog, &places)?;
            trace::to_stdout(|out| match format {
                ReportFormat::Text => inspection.write_text(out),
                ReportFormat::Json => inspection.write_json(out),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_verify(options: &cli::Verify) -> Result<ExitCode> {
    let settings = user_settings()?;
    let opener = Opener::from_env(dtype(options.dtype, &settings), TOP_TOKENS)?;
    let model = wanted_model(options.model.as_ref(), &settings);
    let request = verify::Request {
        model,
        prompt: options.prompt.clone(),
        max_tokens: options.max_tokens,
        reference: options.reference.clone(),
    };
    verify::verify(&opener, &request, &mut StandardOutput::default())?;
    Ok(ExitCode::SUCCESS)
}

fn run_bench(options: &cli::Bench) -> Result<ExitCode> {
    let settings = user_settings()?;
    let opener = Opener::from_env(dtype(options.dtype, &settings), TOP_TOKENS)?;
    let model = wanted_model(options.model.as_ref(), &settings);
    let measurements = bench::bench(&opener, &model, options.max_tokens)?;
    trace::to_stdout(|out| match options.format {
        ReportFormat::Text => writeln!(out, "{measurements}"),
        ReportFormat::Json => measurements.write_json(out),
    })?;
    Ok(ExitCode::SUCCESS)
}
