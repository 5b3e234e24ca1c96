//! How a command shows a download on stderr: a progress bar on a terminal, else plain lines.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::catalog::{FetchEvent, FetchProgress};
use crate::vocabulary::visible_line;

/// The speed is in the message: the bar would count bytes that were there already.
const STYLE: &str = "{prefix}  {bar:28}  {msg}";

/// Shows what a fetch says.
pub struct DownloadBar {
    shown: Mutex<Option<FetchProgress>>,
    display: Display,
}

enum Display {
    Bar(ProgressBar),
    Lines(Mutex<Box<dyn Write + Send>>),
}

impl DownloadBar {
    /// A bar if stderr is a terminal, else lines.
    #[must_use]
    pub fn on_stderr() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::lines(Box::new(std::io::stderr()));
        }
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self {
            shown: Mutex::default(),
            display: Display::Bar(bar),
        }
    }

    /// Plain lines to `out`.
    #[must_use]
    pub fn lines(out: Box<dyn Write + Send>) -> Self {
        Self {
            shown: Mutex::default(),
            display: Display::Lines(Mutex::new(out)),
        }
    }

    /// Show one event.
    pub fn show(&self, event: &FetchEvent) {
        match event {
            FetchEvent::Progress(progress) => self.show_progress(progress),
            FetchEvent::Waiting { source, file } => {
                self.say(&format!(
                    "{source}: another process is fetching {file}; waiting for it"
                ));
            }
            FetchEvent::SourceFailed { source, why } => self.say(&format!("{source}: {why}")),
        }
    }

    /// Take the bar off the screen; the lines stay.
    pub fn clear(&self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }

    fn show_progress(&self, progress: &FetchProgress) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = shown
            .as_ref()
            .is_none_or(|shown| (&shown.source, &shown.file) != (&progress.source, &progress.file));
        match &self.display {
            Display::Bar(bar) => {
                if is_new {
                    bar.reset();
                    bar.enable_steady_tick(Duration::from_millis(200));
                    let prefix = format!("{}: {}", progress.source, progress.file);
                    bar.set_prefix(visible_line(&prefix));
                }
                if let Some(total) = progress.total {
                    bar.set_length(total);
                }
                bar.set_position(progress.bytes);
                let pace = progress.pace().map(|pace| format!(", {pace}"));
                bar.set_message(progress.amount() + &pace.unwrap_or_default());
            }
            Display::Lines(_) if is_new => {
                self.say(&format!("{}: fetching {}", progress.source, progress.file));
            }
            Display::Lines(_) => {}
        }
        *shown = Some(progress.clone());
    }

    /// The line may quote names that the hub or the command line gave.
    fn say(&self, line: &str) {
        let line = visible_line(line);
        match &self.display {
            Display::Bar(bar) => bar.println(line),
            Display::Lines(out) => {
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                // Nobody is left to be told that stderr is gone.
                let _ = writeln!(out, "{line}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn without_a_terminal_there_is_one_line_a_file_and_one_a_failure() {
        let out = Shared::default();
        let bar = DownloadBar::lines(Box::new(out.clone()));
        let progress = |bytes| {
            FetchEvent::Progress(FetchProgress {
                source: "hub".to_owned(),
                file: "m.gguf".to_owned(),
                bytes,
                total: Some(9),
                speed: None,
            })
        };
        bar.show(&progress(0));
        bar.show(&progress(5));
        bar.show(&FetchEvent::SourceFailed {
            source: "hub".to_owned(),
            why: "it is gone".to_owned(),
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "hub: fetching m.gguf\nhub: it is gone\n");
    }
}
