//! The command line: which commands there are.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use color_eyre::eyre::Result;

use super::bench::Bench;
use super::chat::Chat;
use super::compare::Compare;
use super::config::ConfigCommand;
use super::devices::Devices;
use super::film::Film;
use super::models::Models;
use super::open::{OpenTrace, Program};
use super::play::Play;
use super::read::Read;
use super::record_examples::RecordExamples;
use super::shell;
use super::standard_output::to_stdout;
use super::trace::Trace;
use super::verify::{REFERENCE_FORM, Verify};
use crate::log_file::LogError;

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

/// What can be done without the program.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Generate from a prompt and write down what every layer ranks, without a screen.
    #[command(
        after_help = "Examples:\n  lenscape trace 'The keys to the cabinet' --watch ' is' --watch ' are' --format table\n  lenscape trace 'The keys to the cabinet' --output keys.png\n  lenscape trace 'Once upon a time' --follow\n  lenscape trace - < prompt.txt"
    )]
    Trace(Trace),
    /// Show a saved trace. No model is loaded.
    #[command(
        after_help = "Examples:\n  lenscape trace 'The keys to the cabinet' --watch ' is' --watch ' are' --output keys.json\n  lenscape open keys.json\n  lenscape open --last\n  lenscape open --example keys"
    )]
    Open(OpenTrace),
    /// Compare candidates for what comes next, at every layer, after one or several prompts.
    #[command(
        after_help = "Examples:\n  lenscape compare 'The keys to the cabinet' 'The key to the cabinets' --tokens ' is' ' are'\n  lenscape compare 'Once upon a' --tokens ' time' '#257' --format csv"
    )]
    Compare(Compare),
    /// Print what a conversation becomes in a model's own chat template, exactly as it is sent. No
    /// weights are read.
    #[command(
        after_help = "Examples:\n  lenscape chat --messages talk.json --render\n  lenscape chat --model ./folder --messages talk.json --tools tools.json --render --ids"
    )]
    Chat(Chat),
    /// Read the states that another engine saved, with the head of the model alone.
    #[command(
        after_help = "Examples:\n  lenscape read states.safetensors --model meta-llama/Llama-3.3-70B-Instruct --response answer.json\n  lenscape read states.safetensors --model ./model --prompt-tokens 6 --format json"
    )]
    Read(Read),
    /// List the models known by name, or fetch one.
    #[command(after_help = "Examples:\n  lenscape models\n  lenscape models pull smollm2-135m")]
    Models(Models),
    /// List the devices that a model can run on, with their memory.
    #[command(after_help = "Example:\n  lenscape devices --format json")]
    Devices(Devices),
    /// Check on any checkpoint that the lens is right: its last row is the model's own output,
    /// cached and uncached runs give the same cells, and every figure is that of a reference.
    #[command(after_help = REFERENCE_FORM)]
    Verify(Verify),
    /// Measure speed and memory.
    #[command(after_help = "Example:\n  lenscape bench --max-tokens 100 --format json")]
    Bench(Bench),
    /// Drive the program by scripts, without a terminal: for casts and pictures of its screen.
    #[command(
        after_help = "Examples:\n  lenscape play demo.toml --record demo.cast\n  lenscape play demo.toml --screenshot end.png --screenshot 'some mark=then.svg'\n  lenscape play screenshots/*.toml                  remake all pictures and casts of the README"
    )]
    Play(Play),
    /// Make a moving picture of a recording: an SVG that pages show as they show any picture.
    #[command(
        after_help = "Examples:\n  lenscape --record demo.cast 'The keys to the cabinet'\n  lenscape film demo.cast --output demo.svg"
    )]
    Film(Film),
    /// Make the recorded runs that the program carries, `config/recorded.zip`, with the default model.
    #[command(
        hide = true,
        after_help = "Example:\n  lenscape record-examples config/recorded.zip"
    )]
    RecordExamples(RecordExamples),
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

impl Cli {
    /// Does what was asked for. `log` is whether what happens is logged.
    ///
    /// # Errors
    ///
    /// Why that cannot be done.
    pub fn run(self, log: Result<(), LogError>) -> Result<ExitCode> {
        match self.command {
            None => self.program.run(log),
            Some(CliCommand::Trace(trace)) => trace.run(),
            Some(CliCommand::Open(open)) => open.run(log),
            Some(CliCommand::Compare(compare)) => compare.run(),
            Some(CliCommand::Chat(chat)) => chat.run(),
            Some(CliCommand::Read(read)) => read.run(log),
            Some(CliCommand::Models(models)) => models.run(),
            Some(CliCommand::Devices(devices)) => devices.run(),
            Some(CliCommand::Verify(verify)) => verify.run(),
            Some(CliCommand::Bench(bench)) => bench.run(),
            Some(CliCommand::Play(play)) => play.run(),
            Some(CliCommand::Film(film)) => film.run(),
            Some(CliCommand::RecordExamples(record)) => record.run(),
            Some(CliCommand::Config { command }) => command.run(),
            Some(CliCommand::Completions { shell }) => {
                to_stdout(|out| shell::completions(shell, out))?;
                Ok(ExitCode::SUCCESS)
            }
            Some(CliCommand::Man) => {
                to_stdout(|out| shell::man(out))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
