//! What ends a process at once, such as memory that is refused, still leaves the terminal as it
//! was, says one line, and keeps the trace.

use rustix::process::Signal;

use crate::keeping::{assert_kept, generating, stand_in};
use crate::program::Opened;
use crate::pseudo_terminal::count;
use crate::stand_in::Behaviour;

/// Check all that is promised of a fault; `line` is what is said of it.
fn assert_survived(mut opened: Opened, line: &str) {
    assert_ne!(opened.terminal.wait_exit(), 0);
    opened.terminal.wait_for(line);
    opened.terminal.wait_for("the unsaved trace was kept");
    opened.terminal.assert_restored();
    assert_eq!(count(&opened.terminal.bytes(), line.as_bytes()), 1);
    assert_kept(opened.home);
}

#[test]
fn memory_that_is_refused_to_the_engine() {
    let opened = stand_in(Behaviour::WantsTooMuchAtAStep);
    assert_survived(
        opened,
        "lenscape: out of memory: 70368744 MB more could not be had",
    );
}

#[test]
fn a_stack_that_overflows() {
    let opened = stand_in(Behaviour::OverflowsAtAStep);
    assert_survived(opened, "lenscape: ended by SIGSEGV");
}

#[test]
fn a_fault_of_the_thread_that_draws() {
    let opened = stand_in(Behaviour::ProgramAbortsAtAStep);
    assert_survived(opened, "lenscape: ended by SIGABRT");
}

#[test]
fn faults_that_are_sent_from_outside() {
    for (signal, line) in [
        (Signal::ABORT, "lenscape: ended by SIGABRT"),
        (Signal::SEGV, "lenscape: ended by SIGSEGV"),
        (Signal::BUS, "lenscape: ended by SIGBUS"),
        (Signal::TRAP, "lenscape: ended by SIGTRAP"),
    ] {
        let opened = generating();
        opened.terminal.signal(signal);
        assert_survived(opened, line);
    }
}

#[test]
fn a_fault_though_nobody_reads_the_terminal() {
    let mut opened = generating();
    opened.terminal.freeze();
    for size in 20..60 {
        opened.terminal.resize((2 * size, size));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    opened.terminal.signal(Signal::ABORT);
    assert_ne!(opened.terminal.wait_exit(), 0);
    opened.terminal.assert_line_discipline_restored();
    assert_kept(opened.home);
}
