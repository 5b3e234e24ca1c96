//! Faults that end the process at once: memory that is refused (SIGABRT), a stack that overflows,
//! a mapped file that shrinks. The last things are done here.
//!
//! ```text
//! a thread's fault ─▶ SIGTERM to ourselves ─▶ the program ends as at any signal
//!        │                                       │ (trace kept, terminal given back)
//!        └─ waits ─▶ still here? gives the terminal back, says one line ─▶ dies of the fault
//! ```
//!
//! What runs while such a signal is answered allocates nothing and takes no lock.

use std::fmt::{self, Write as _};
use std::io;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::{mem, process};

use libc::{
    SA_ONSTACK, SA_SIGINFO, SIG_DFL, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTERM,
    SIGTRAP, c_int, c_void, sigaction, siginfo_t, termios,
};

use super::autosaver::AutosaveResult;
use super::session::{self, LEAVE};
use super::{Exit, tty};
use crate::allocator::{refused, this_thread};

/// The faults, by what they are called.
const FAULTS: [(c_int, &str); 7] = [
    (SIGABRT, "SIGABRT"),
    (SIGSEGV, "SIGSEGV"),
    (SIGBUS, "SIGBUS"),
    (SIGILL, "SIGILL"),
    (SIGFPE, "SIGFPE"),
    (SIGTRAP, "SIGTRAP"),
    (SIGSYS, "SIGSYS"),
];

/// How long a thread waits, after its fault, for the others to end the program in good order. It
/// is less than the whole program has for that, and so the line below is said.
const PATIENCE_MS: u64 = 1500;
/// How often it looks.
const LOOK_MS: u64 = 5;
/// How long a terminal may be in accepting the last bytes.
const WRITE_MS: c_int = 300;

/// Addresses that are set aside, and given up at a fault: where memory ran out, keeping the trace
/// needs some.
const SET_ASIDE: usize = 32 << 20;

/// The first fault, or 0.
static FAULT: AtomicI32 = AtomicI32::new(0);
/// Bytes that were refused at it, or 0 if it has another cause.
static WANTED: AtomicUsize = AtomicUsize::new(0);
/// What became of the trace.
static TRACE: AtomicU8 = AtomicU8::new(Trace::NotYet as u8);
/// Whether all that can be done has been done.
static DONE: AtomicBool = AtomicBool::new(false);
/// The thread that draws.
static DRAWS: AtomicUsize = AtomicUsize::new(0);
/// The line discipline that the terminal had; what was stored here is never freed.
static MODES: AtomicPtr<termios> = AtomicPtr::new(null_mut());
/// What is set aside.
static ASIDE: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
/// What was done at these signals before, in the order of [`FAULTS`].
static BEFORE: OnceLock<[sigaction; FAULTS.len()]> = OnceLock::new();

/// What became of the trace that nobody had saved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// Autosaving has not ended yet.
    NotYet,
    /// There is no trace that is not in a file.
    None,
    /// It was autosaved.
    Autosaved,
    /// It could not be autosaved.
    Lost,
}

/// From now on, faults are answered as this module says. Has to be called before the terminal is
/// taken, and after whoever else answers such signals; once is enough.
///
/// # Errors
///
/// When the system refuses.
pub fn answer() -> io::Result<()> {
    if BEFORE.get().is_some() {
        return Ok(());
    }
    set_aside();
    let mut before = [const { unsafe { mem::zeroed::<sigaction>() } }; FAULTS.len()];
    for ((signal, _), before) in FAULTS.iter().zip(&mut before) {
        // SAFETY: both point to what they have to point to; nothing is changed.
        check(unsafe { sigaction(*signal, null(), before) })?;
    }
    // Somebody else may have been faster, with the same.
    let _ = BEFORE.set(before);
    for (signal, _) in FAULTS {
        // SAFETY: all zeroes is an empty mask, and the function has the type that the flags say.
        check(unsafe {
            let mut action: sigaction = mem::zeroed();
            let answer: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = at_fault;
            action.sa_sigaction = answer as usize;
            // Where the stack is used up, there is another one for this.
            action.sa_flags = SA_SIGINFO | SA_ONSTACK;
            sigaction(signal, &raw const action, null_mut())
        })?;
    }
    Ok(())
}

/// This thread draws from now on, on a terminal whose line discipline is still the shell's.
pub fn about_to_take_the_terminal() {
    DRAWS.store(this_thread(), Ordering::SeqCst);
    // SAFETY: it is filled before it is read, and it is plain numbers in any case.
    let mut modes: termios = unsafe { mem::zeroed() };
    // SAFETY: it points to a `termios`.
    if unsafe { libc::tcgetattr(libc::STDIN_FILENO, &raw mut modes) } == 0 {
        // Leaked, some bytes each time that the terminal is taken: a fault may come while the old
        // one is read.
        MODES.store(Box::leak(Box::new(modes)), Ordering::SeqCst);
    }
}

/// What became of the trace that nobody had saved.
pub fn trace_is(kept: Option<&AutosaveResult>) {
    let trace = match kept {
        None => Trace::None,
        Some(Ok(_)) => Trace::Autosaved,
        Some(Err(_)) => Trace::Lost,
    };
    TRACE.store(trace as u8, Ordering::SeqCst);
}

/// The fault that ends the process, if one does.
pub fn fault() -> Option<c_int> {
    Some(FAULT.load(Ordering::SeqCst)).filter(|fault| *fault != 0)
}

/// One line that says which fault it was, where it was one that ended the program.
#[must_use]
pub fn in_words(exit: Exit) -> Option<String> {
    let ended = matches!(exit, Exit::Signal(signal) if Some(signal) == fault());
    ended.then(|| {
        let mut words = Words::default();
        words.say_fault();
        words.as_str().to_owned()
    })
}

/// Ends the process by the fault that ended the program, so that whoever started it sees that.
/// Does nothing where it was no fault.
pub fn die_of(exit: Exit) {
    if let Exit::Signal(signal) = exit
        && Some(signal) == fault()
    {
        DONE.store(true, Ordering::SeqCst);
        die(signal);
        process::exit(exit.code());
    }
}

fn check(done: c_int) -> io::Result<()> {
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set_aside() {
    // SAFETY: a new mapping that nobody uses but by its address.
    let aside = unsafe {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        libc::mmap(null_mut(), SET_ASIDE, rights, kind, -1, 0)
    };
    if aside != libc::MAP_FAILED {
        ASIDE.store(aside, Ordering::SeqCst);
    }
}

extern "C" fn at_fault(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the system gives an information with each signal that is answered so.
    let (code, sender) = unsafe { ((*info).si_code, (*info).si_pid()) };
    // SAFETY: it has no conditions.
    let own = unsafe { libc::getpid() };
    let is_ours = code > 0 || sender == own;
    if !DONE.load(Ordering::SeqCst) {
        if FAULT
            .compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
        {
            // Only an abort may come of refused memory, and only one of our own.
            let wanted = refused().filter(|_| signal == SIGABRT && is_ours);
            WANTED.store(wanted.unwrap_or(0), Ordering::SeqCst);
            end_in_good_order(own);
        }
        if !is_ours {
            // Somebody wants us to end so; nothing is broken, and this thread may be needed.
            return;
        }
        wait();
        if session::no_longer_taken() {
            give_back();
        }
        DONE.store(true, Ordering::SeqCst);
    }
    if code > 0 && [SIGSEGV, SIGBUS, SIGILL, SIGFPE].contains(&signal) {
        // The instruction is tried again when we return, and whoever answered before may tell
        // more of it.
        answer_as_before(signal);
    } else {
        die(signal);
    }
}

/// Has the other threads end the program.
fn end_in_good_order(own: libc::pid_t) {
    let aside = ASIDE.swap(null_mut(), Ordering::SeqCst);
    // SAFETY: this mapping is ours alone, and nobody has its address any more.
    unsafe {
        if !aside.is_null() {
            libc::munmap(aside, SET_ASIDE);
        }
        libc::kill(own, SIGTERM);
    }
}

/// Waits for that. When they succeed, the process ends meanwhile.
fn wait() {
    let draws = DRAWS.load(Ordering::SeqCst) == this_thread();
    for _ in 0..PATIENCE_MS / LOOK_MS {
        // Without the thread that draws, the trace is all that there is to wait for.
        if draws && TRACE.load(Ordering::SeqCst) != Trace::NotYet as u8 {
            return;
        }
        let time = libc::timespec {
            tv_sec: 0,
            // A number below one second fits whatever the type is.
            tv_nsec: (LOOK_MS * 1_000_000) as _,
        };
        // SAFETY: it points to a time; what is left of that is not asked for.
        unsafe { libc::nanosleep(&raw const time, null_mut()) };
    }
}

/// Gives the terminal back and says why, as far as a terminal takes that without delay.
fn give_back() {
    let modes = MODES.load(Ordering::SeqCst);
    if !modes.is_null() {
        // SAFETY: what is stored there is never freed or changed.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, modes) };
    }
    let mut words = Words::default();
    words.say_last();
    let output = tty::output_descriptor();
    // What a slow terminal has not taken yet would leave no room.
    // SAFETY: no memory is involved.
    unsafe { libc::tcflush(output, libc::TCOFLUSH) };
    for bytes in [LEAVE, words.as_str().as_bytes()] {
        let mut ready = libc::pollfd {
            fd: output,
            events: libc::POLLOUT,
            revents: 0,
        };
        // SAFETY: one `pollfd`; and as many bytes as there are.
        unsafe {
            if libc::poll(&raw mut ready, 1, WRITE_MS) == 1 {
                libc::write(output, bytes.as_ptr().cast(), bytes.len());
            }
        }
    }
}

fn answer_as_before(signal: c_int) {
    let at = FAULTS.iter().position(|(fault, _)| *fault == signal);
    if let (Some(at), Some(before)) = (at, BEFORE.get()) {
        // SAFETY: the system gave us this action for this signal.
        unsafe { sigaction(signal, &raw const before[at], null_mut()) };
    }
}

fn die(signal: c_int) {
    // SAFETY: no conditions. While this signal is answered, it takes effect at the end of that.
    unsafe {
        libc::signal(signal, SIG_DFL);
        libc::raise(signal);
    }
}

/// Words that are put together without allocating; what is too long is cut.
struct Words {
    bytes: [u8; 240],
    length: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            bytes: [0; 240],
            length: 0,
        }
    }
}

impl Words {
    fn say_fault(&mut self) {
        let fault = FAULT.load(Ordering::SeqCst);
        let wanted = WANTED.load(Ordering::SeqCst);
        // Writing here never fails.
        let _ = if wanted > 0 {
            let megabytes = (wanted / 1_000_000).max(1);
            write!(
                self,
                "out of memory: {megabytes} MB more could not be had; choose a smaller model or raise \
                 the limit on memory"
            )
        } else {
            let name = FAULTS.iter().find(|(signal, _)| *signal == fault);
            write!(
                self,
                "ended by {}",
                name.map_or("a fault", |(_, name)| name)
            )
        };
    }

    /// All that is said where nobody else can.
    fn say_last(&mut self) {
        let _ = self.write_str("lenscape: ");
        self.say_fault();
        let trace = TRACE.load(Ordering::SeqCst);
        let _ = self.write_str(if trace == Trace::Autosaved as u8 {
            "\nlenscape: the unsaved trace was kept; `lenscape open --last` shows it\n"
        } else if trace == Trace::Lost as u8 {
            "\nlenscape: the unsaved trace could not be kept\n"
        } else {
            "\n"
        });
    }

    fn as_str(&self) -> &str {
        // All that is written is ASCII.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - self.length;
        let text = &text.as_bytes()[..text.len().min(room)];
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
        Ok(())
    }
}
