//! `lenscape completions` and `lenscape man`: what shells and `man` want to know of the command
//! line.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::cli::Cli;
use crate::display::meanings::MEANINGS;

/// Writes the completions for `shell`.
///
/// # Errors
///
/// What `out` returns.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics where it cannot write, as into a pipe that nobody reads any more.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lenscape", &mut text);
    out.write_all(&text)
}

/// Writes the manual page, one section a command.
///
/// # Errors
///
/// What `out` returns.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    clap_mangen::Man::new(Cli::command()).render(out)?;
    writeln!(out, ".SH \"WHAT THE FIGURES MEAN\"")?;
    for (sign, meaning) in MEANINGS {
        writeln!(out, ".TP 10\n\\fB{sign}\\fR\n{meaning}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_has_completions_for_every_command() {
        for shell in Shell::value_variants() {
            let mut bytes = Vec::new();
            completions(*shell, &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell}");
            }
        }
    }

    #[test]
    fn the_manual_page_has_the_options() {
        let mut bytes = Vec::new();
        man(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(".TH lenscape 1"), "{text}");
        assert!(text.contains("max\\-tokens"), "{text}");
        assert!(text.contains("\n\\fBKL\\fR\nKL(final"), "{text}");
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{}", command.get_name());
        }
    }
}
