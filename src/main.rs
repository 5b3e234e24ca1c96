//! The binary: prepares the process, reads the command line, and hands over to the library.

mod process;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use color_eyre::eyre::Result;

use lenscape::allocator::NoticingAllocator;
use lenscape::commands::cli::Cli;
use lenscape::commands::usage;
use lenscape::report;

#[global_allocator]
static ALLOCATOR: NoticingAllocator = NoticingAllocator;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::told(error),
    };
    process::set_threads();
    process::spare_addresses();
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

fn run(cli: Cli) -> Result<ExitCode> {
    process::install_hooks()?;
    let log = process::start_log(cli.log.as_deref());
    cli.run(log)
}
