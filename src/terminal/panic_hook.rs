//! What happens at a panic: it is always logged; the report is printed where it does no harm.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use super::session;
use crate::caught;

/// Install the hook; `report` is what is printed of a panic.
///
/// A panic of the thread that draws ends the program: the terminal is given back, then the report
/// is printed. A panic of another thread does not: it is logged only, since the screen is in use,
/// and reaches the user through that thread's owner. The same holds for one that is caught.
pub fn install(report: impl Fn(&PanicHookInfo<'_>) -> String + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        tracing::error!(%info, "panic");
        if caught::is_expected() {
            return;
        }
        if session::is_taken() {
            if !session::is_ui_thread() {
                return;
            }
            if let Err(error) = session::give_back() {
                tracing::warn!(%error, "the terminal may not be as it was");
            }
        }
        // A second panic, where the terminal is gone, would end the process at once.
        let _ = writeln!(io::stderr(), "{}", report(info));
    }));
}
