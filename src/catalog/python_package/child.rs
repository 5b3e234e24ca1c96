//! A child process that does not outlive this one, with all that it starts.

use tokio::process::Command;

/// Puts the child into a process group of its own, so that it can be ended with everything that it
/// starts; see [`kill_group`]. Where the system can, it ends the child itself when we end without
/// a chance to do so.
pub(super) fn tie_to_us(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(target_os = "linux")]
    end_with_this_thread(command);
    command.kill_on_drop(true);
}

/// The thread that starts the child has to be the one that waits for it: the system looks at the
/// thread, not at the process.
#[cfg(target_os = "linux")]
fn end_with_this_thread(command: &mut Command) {
    use std::io;

    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    let us = getpid();
    // SAFETY: runs in the child between fork and exec, and makes two system calls that neither
    // allocate nor lock.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            match getppid() == Some(us) {
                true => Ok(()),
                // We ended before the system knew that it should tell.
                false => Err(io::ErrorKind::NotFound.into()),
            }
        });
    }
}

/// Kills a child with all of its processes: where `python3` is a wrapper script, the child that was
/// started need not be the one that downloads.
#[cfg(unix)]
pub(super) fn kill_group(leader: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let leader = leader.and_then(|id| Pid::from_raw(id.try_into().ok()?));
    if let Some(leader) = leader {
        // It may have ended by itself.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Elsewhere the child is killed when it is dropped.
#[cfg(not(unix))]
pub(super) fn kill_group(_leader: Option<u32>) {}
