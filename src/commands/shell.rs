//! `lenscape completions` and `lenscape man`: what shells and `man` want to know of the command
//! line.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::cli::Cli;
use crate::display::meanings::MEANINGS;
use crate::manual;

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

/// Writes the manual page: the options of the program and of each command, and the pages of the
/// [manual].
///
/// # Errors
///
/// What `out` returns.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut program = Cli::command();
    // So that each command knows what is asked of all.
    program.build();
    let page = Man::new(program.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    // `help` has nothing of its own to say, and hidden ones are for those who build the program.
    let is_command = |it: &&clap::Command| it.get_name() != "help" && !it.is_hide_set();
    for command in program.get_subcommands().filter(is_command) {
        writeln!(
            out,
            ".SH \"LENSCAPE {}\"",
            command.get_name().to_uppercase()
        )?;
        let page = Man::new(command.clone());
        let mut sections = Vec::new();
        page.render_description_section(&mut sections)?;
        page.render_synopsis_section(&mut sections)?;
        page.render_options_section(&mut sections)?;
        for within in command.get_subcommands().filter(is_command) {
            writeln!(
                sections,
                ".SH \"lenscape {} {}\"",
                command.get_name(),
                within.get_name()
            )?;
            let page = Man::new(within.clone());
            page.render_synopsis_section(&mut sections)?;
            page.render_options_section(&mut sections)?;
        }
        let sections = String::from_utf8_lossy(&sections).replace("\n.SH ", "\n.SS ");
        let sections = sections
            .strip_prefix(".SH ")
            .map_or(sections.clone(), |rest| format!(".SS {rest}"));
        out.write_all(sections.as_bytes())?;
    }
    writeln!(out, ".SH \"WHAT THE FIGURES MEAN\"")?;
    for (sign, meaning) in MEANINGS {
        writeln!(out, ".TP 10\n\\fB{sign}\\fR\n{meaning}")?;
    }
    manual::PAGES
        .iter()
        .try_for_each(|page| out.write_all(manual::roff::section(page).as_bytes()))
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
    fn the_manual_page_has_each_command_and_each_page() {
        let mut bytes = Vec::new();
        man(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let commands = Cli::command();
        for command in commands.get_subcommands().filter(|it| !it.is_hide_set()) {
            let heading = format!("\n.SH \"LENSCAPE {}\"\n", command.get_name().to_uppercase());
            assert!(text.contains(&heading), "{heading}");
            for option in command.get_arguments().filter_map(|it| it.get_long()) {
                let option = option.replace('-', "\\-");
                assert!(text.contains(&option), "{} --{option}", command.get_name());
            }
        }
        // What only those need who build the program.
        assert!(!text.contains("RECORD-EXAMPLES"));
        for page in manual::PAGES {
            assert!(text.contains(&manual::roff::section(page)), "{}", page.name);
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{}", command.get_name());
        }
    }
}
