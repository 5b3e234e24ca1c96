//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::Sampling;
use crate::export::cast::{CastOptions, CastVersion};
use crate::model::Dtype;
use crate::play::ScreenshotAt;
use crate::settings::{CellValue, CharsetChoice, ColourChoice};
use crate::terminal::{RecordingError, Recordings};
use crate::trace::{LensKind, Skip};

/// Watch every layer of a language model rank each token while it is generated.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do; without a command, the program opens.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// The program's own options.
    #[command(flatten)]
    pub program: Program,
    /// Log to this file instead of the one in the state folder; LENSCAPE_LOG sets the level.
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  lenscape                                        open the program with the default model
  lenscape 'The keys to the cabinet' --max-tokens 20
  lenscape --model ./model.gguf                   a file, a folder, a hub id or a catalog name
  lenscape trace 'The keys to the cabinet' --watch ' is' --watch ' are' --format table
  lenscape --record demo.cast 'Once upon a time'  record it for `asciinema play`
  lenscape models                                 the models known by name, and what is on disk";

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
    pub options: Options,
}

/// Options of the program itself.
#[derive(Args, Debug)]
pub struct Options {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate.
    #[arg(long, short = 'n')]
    pub max_tokens: Option<usize>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Skip>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long)]
    pub lens: Option<LensChoice>,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
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

/// How tokens are drawn; greedy unless a temperature is given.
#[derive(Args, Clone, Debug)]
pub struct SamplingOptions {
    /// 0 is greedy; higher draws more freely.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative)]
    pub temperature: Option<f64>,
    /// Draw among the K best tokens only.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top_k: Option<u32>,
    /// Draw among the most probable tokens that together reach P.
    #[arg(long, value_name = "P", value_parser = share)]
    pub top_p: Option<f64>,
    /// Makes tokens that have occurred less likely; 1 does nothing.
    #[arg(long, allow_negative_numbers = true, value_parser = positive)]
    pub repeat_penalty: Option<f64>,
    /// Seed of the draw.
    #[arg(long)]
    pub seed: Option<u64>,
}

impl SamplingOptions {
    /// What was given, over `base`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    pub fn over(&self, base: Sampling) -> Sampling {
        Sampling {
            temperature: self.temperature.unwrap_or(base.temperature),
            top_k: self.top_k.map(|k| k as usize).or(base.top_k),
            top_p: self.top_p.or(base.top_p),
            repeat_penalty: self
                .repeat_penalty
                .map_or(base.repeat_penalty, |penalty| penalty as f32),
            seed: self.seed.unwrap_or(base.seed),
        }
    }
}

/// A lens, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LensChoice {
    /// Final norm and unembedding at every layer.
    Normed,
    /// No final norm but at the last layer, as in the article's figures.
    Raw,
}

impl From<LensChoice> for LensKind {
    fn from(choice: LensChoice) -> Self {
        match choice {
            LensChoice::Normed => Self::Normed,
            LensChoice::Raw => Self::Raw,
        }
    }
}

/// How weights are held and computed with, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DtypeChoice {
    /// Float32 arithmetic on the exact values; held as float32 where that takes no more than half
    /// of the free memory, else as the files store them.
    Auto,
    /// The same; always held as float32.
    F32,
    /// Weights, and what each operation gives, are rounded to bfloat16.
    Bf16,
    /// The same with float16.
    F16,
}

impl From<DtypeChoice> for Dtype {
    fn from(choice: DtypeChoice) -> Self {
        match choice {
            DtypeChoice::Auto => Self::Auto,
            DtypeChoice::F32 => Self::F32,
            DtypeChoice::Bf16 => Self::Bf16,
            DtypeChoice::F16 => Self::F16,
        }
    }
}

/// How many colours to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// As many as the terminal says it can show.
    Auto,
    /// 24-bit colours.
    Truecolor,
    /// The 256 colours of xterm.
    #[value(name = "256")]
    Ansi256,
    /// The 16 basic colours.
    #[value(name = "16")]
    Ansi16,
    /// None: shades and marks.
    None,
}

impl From<ColorChoice> for ColourChoice {
    fn from(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Auto => Self::Auto,
            ColorChoice::Truecolor => Self::TrueColour,
            ColorChoice::Ansi256 => Self::Indexed,
            ColorChoice::Ansi16 => Self::Ansi,
            ColorChoice::None => Self::None,
        }
    }
}

/// Which characters the screen is made of, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CharsetName {
    /// All where the locale has UTF-8, else ASCII.
    Auto,
    /// All.
    Unicode,
    /// ASCII only, each character of one column.
    Ascii,
}

impl From<CharsetName> for CharsetChoice {
    fn from(name: CharsetName) -> Self {
        match name {
            CharsetName::Auto => Self::Auto,
            CharsetName::Unicode => Self::Unicode,
            CharsetName::Ascii => Self::Ascii,
        }
    }
}

/// What can be done without the program.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Generate from a prompt and write down what every layer ranks, without a screen.
    #[command(
        after_help = "Examples:\n  lenscape trace 'The keys to the cabinet' --watch ' is' --watch ' are' --format table\n  lenscape trace 'The keys to the cabinet' --output keys.png\n  lenscape trace 'Once upon a time' --follow"
    )]
    Trace(Trace),
    /// Show a saved trace. No model is loaded.
    #[command(
        after_help = "Examples:\n  lenscape trace 'The keys to the cabinet' --watch ' is' --watch ' are' --output keys.json\n  lenscape open keys.json\n  lenscape open --last"
    )]
    Open(OpenTrace),
    /// Compare candidates for what comes next, at every layer, after one or several prompts.
    #[command(
        after_help = "Examples:\n  lenscape compare 'The keys to the cabinet' 'The key to the cabinets' --tokens ' is' ' are'\n  lenscape compare 'Once upon a' --tokens ' time' '#257' --format csv"
    )]
    Compare(Compare),
    /// List the models known by name, or fetch one.
    #[command(after_help = "Examples:\n  lenscape models\n  lenscape models pull smollm2-135m")]
    Models(Models),
    /// Check on any checkpoint that the lens is right: its last row is the model's own output,
    /// and cached and uncached runs give the same cells.
    #[command(after_help = "Example:\n  lenscape verify --model ./model.gguf")]
    Verify(Verify),
    /// Measure speed and memory.
    #[command(after_help = "Example:\n  lenscape bench --max-tokens 100 --format json")]
    Bench(Bench),
    /// Drive the program by scripts, without a terminal: for casts and pictures of its screen.
    #[command(
        after_help = "Examples:\n  lenscape play demo.toml --record demo.cast\n  lenscape play demo.toml --screenshot end.png --screenshot 'some mark=then.svg'\n  lenscape play screenshots/*.toml                  remake all pictures and casts of the README"
    )]
    Play(Play),
    /// Show the settings, where they come from, and what is wrong with them.
    #[command(after_help = "Example:\n  lenscape config print > ~/.config/lenscape/config.toml")]
    Config {
        /// What to show.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Write the completions for a shell.
    #[command(
        after_help = "Example:\n  lenscape completions bash > ~/.local/share/bash-completion/completions/lenscape"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page.
    #[command(after_help = "Example:\n  lenscape man > ~/.local/share/man/man1/lenscape.1")]
    Man,
}

/// What can be shown of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// The settings that hold, the user's on top of the defaults, as TOML.
    Print,
    /// The files that are looked at.
    Path,
    /// All mistakes in the user's files; exit code 1 when there are some.
    Check,
}

/// Options of `lenscape trace`.
#[derive(Args, Debug)]
pub struct Trace {
    /// The prompt, taken exactly as it is.
    pub prompt: String,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 12)]
    pub max_tokens: usize,
    /// Score this text as what follows the prompt, instead of generating.
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "max_tokens",
        allow_hyphen_values = true
    )]
    pub force: Option<String>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Skip>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long, default_value = "normed")]
    pub lens: LensChoice,
    /// Follow this text's first token at the position after the prompt; may be repeated.
    #[arg(long, value_name = "TEXT")]
    pub watch: Vec<String>,
    /// How many of each layer's best tokens to list.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub top: usize,
    /// How to write it; else as the output's extension says, or as JSON.
    #[arg(long)]
    pub format: Option<TraceFormat>,
    /// Write to this file, which is replaced, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What svg, png and html show: the grid, what is watched, or every layer's best tokens.
    #[arg(long, default_value = "grid")]
    pub figure: FigureChoice,
    /// What a cell of the grid says, in figures and tables: `grid.value` of the settings.
    #[arg(long, value_name = "VALUE", default_value = "rank")]
    pub value: CellValue,
    /// The colours of svg, png and html: a theme's scale of ranks.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Write a plain line for each token as it comes.
    #[arg(long, conflicts_with_all = ["format", "output", "figure", "value", "theme", "watch", "top"])]
    pub follow: bool,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
}

/// Options of `lenscape compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// The prompts, each taken exactly as it is.
    #[arg(value_name = "PROMPT", required_unless_present = "prompt")]
    pub prompts: Vec<String>,
    /// One more prompt; may be repeated.
    #[arg(long, value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// The candidates: texts with their leading spaces, or tokens by number as `#1234`.
    #[arg(long, value_name = "TEXT", num_args = 1.., required = true)]
    pub tokens: Vec<String>,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long, default_value = "normed")]
    pub lens: LensChoice,
    /// The step behind the prompt, from 1; the tokens before it are generated.
    #[arg(long, value_name = "STEP", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub at: u32,
    /// How to write it.
    #[arg(long, default_value = "table")]
    pub format: ComparisonFormat,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// Readable, in colour on a terminal.
    Table,
    /// One JSON object.
    Json,
    /// A line a candidate and layer.
    Csv,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A trace file: one JSON object.
    Json,
    /// A trace file with arrays, the states among them.
    Safetensors,
    /// A line a cell.
    Csv,
    /// A readable grid, in colour on a terminal.
    Table,
    /// A figure of vectors.
    Svg,
    /// A figure of pixels.
    Png,
    /// A page with the figure and its numbers.
    Html,
}

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FigureChoice {
    /// What every layer says of each chosen token.
    Grid,
    /// The ranks of what is watched, layer by layer.
    Compare,
    /// The best tokens of every layer behind the prompt.
    Predictions,
}

/// Options of `lenscape open`.
#[derive(Args, Debug)]
pub struct OpenTrace {
    /// The trace file: `.json` or `.safetensors`.
    #[arg(required_unless_present = "last")]
    pub file: Option<PathBuf>,
    /// The newest trace that was kept because the program ended before it was saved.
    #[arg(long, conflicts_with = "file")]
    pub last: bool,
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

/// Options of `lenscape models`.
#[derive(Args, Debug)]
pub struct Models {
    /// What to do; without it, the catalog is listed.
    #[command(subcommand)]
    pub command: Option<ModelsCommand>,
}

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Fetch a model, so that it is there when it is needed.
    Pull {
        /// A catalog name or a hub id `org/name[@rev]`.
        name: String,
    },
    /// Write what is understood of a checkpoint: family, description, memory, tokenizer, tensors.
    Inspect {
        /// A catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
        name: String,
        /// How weights would be held and computed with.
        #[arg(long, value_name = "TYPE")]
        dtype: Option<DtypeChoice>,
        /// How to write it.
        #[arg(long, default_value = "text")]
        format: ReportFormat,
    },
}

/// Options of `lenscape verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// The text that is run.
    #[arg(long, default_value = "The keys to the cabinet")]
    pub prompt: String,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 8)]
    pub max_tokens: usize,
}

/// Options of `lenscape bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate in each run.
    #[arg(long, short = 'n', default_value_t = 48)]
    pub max_tokens: usize,
    /// How to write it.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

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
    pub options: Options,
}

/// How measurements, and what was understood of a checkpoint, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines to read.
    Text,
    /// One JSON object.
    Json,
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|x| x.is_finite())
        .ok_or_else(|| "must be a number".to_owned())
}

fn non_negative(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| (x >= 0.0).then_some(x).ok_or("must be 0 or more".into()))
}

fn positive(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| (x > 0.0).then_some(x).ok_or("must be more than 0".into()))
}

fn share(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| {
        (x > 0.0 && x <= 1.0)
            .then_some(x)
            .ok_or("must be more than 0 and at most 1".into())
    })
}
