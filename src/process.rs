//! The process, before anything else: its threads, its memory, its reports and its log.

use std::env;
use std::io::{self, Write};
use std::path::Path;

use color_eyre::eyre::Result;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use rustix::process::{Resource, getrlimit};

use lenscape::log_file::{self, LogError};
use lenscape::report;
use lenscape::terminal::panic_hook;
use lenscape::vocabulary::visible_text;

/// Sizes the thread pools of all tensor operations.
///
/// candle would take the physical cores of the host, whatever share of them this process may
/// use; both its pools obey these variables.
pub fn set_threads() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for name in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        if env::var_os(name).is_none() {
            // SAFETY: no other thread runs yet; this is called first in `main`.
            unsafe { env::set_var(name, threads.to_string()) };
        }
    }
}

/// Where the addresses of this process are limited (`ulimit -v`), spends few on order: the C
/// library would set 64 MB aside for every thread that allocates.
pub fn spare_addresses() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if getrlimit(Resource::As).current.is_some() {
        // SAFETY: it has no conditions; where it is refused, nothing changes.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}

/// Reports of panics and errors, from any thread, that do not harm the screen.
pub fn install_hooks() -> Result<()> {
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
pub fn start_log(wanted: Option<&Path>) -> Result<(), LogError> {
    let levels = env::var("LENSCAPE_LOG").ok();
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
