//! A program in a pseudo-terminal that answers no question, such as `CSI 6n`, unless it is told to.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lenscape::terminal::END_UPDATE;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long anything may take on a busy machine. Nothing waits longer than it has to.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the terminal how it is.
const ASKS: &[u8] = b"\x1b[5n";

/// A program in a pseudo-terminal.
pub struct PseudoTerminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Keyboard>,
    /// Kept open, so that the terminal's modes can be looked at when the program is gone.
    slave: Option<Box<dyn SlavePty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Shown>,
    modes_before: String,
}

/// Where keys and answers go in.
type Keyboard = Arc<Mutex<Box<dyn Write + Send>>>;

/// What the program has sent.
struct Shown {
    output: Mutex<Output>,
    changed: Condvar,
}

struct Output {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    reading: Reading,
    /// Whether the terminal says that it is well when it is asked.
    answers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// All that comes is taken.
    On,
    /// So many bytes are taken in a second, by tens.
    Slow(usize),
    /// Nothing is taken until then.
    Later(Instant),
    /// Nothing is taken, but the terminal is there.
    Frozen,
    /// The terminal is gone.
    Closed,
}

impl PseudoTerminal {
    /// Start `program` in a terminal of `columns` × `rows`.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        for name in [
            "NO_COLOR",
            "FORCE_COLOR",
            "CLICOLOR_FORCE",
            "SSH_CONNECTION",
            "SSH_TTY",
        ] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for (name, value) in environment {
            command.env(name, value);
        }
        let modes_before = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        let shown = Arc::new(Shown {
            output: Mutex::new(Output {
                parser: vt100::Parser::new(cells(rows), cells(columns), 0),
                bytes: Vec::new(),
                reading: Reading::On,
                answers: false,
            }),
            changed: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let keyboard = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let collected = Arc::clone(&shown);
        let answers_to = Arc::downgrade(&keyboard);
        thread::spawn(move || collected.collect(reader, &answers_to));
        Self {
            keyboard: Some(keyboard),
            master: Some(pair.master),
            slave: Some(pair.slave),
            child,
            shown,
            modes_before,
        }
    }

    /// Type `keys`.
    pub fn send(&mut self, keys: &str) {
        self.send_bytes(keys.as_bytes());
    }

    /// Send what no keyboard may send, in one write.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let mut keyboard = self.keyboard.as_ref().unwrap().lock().unwrap();
        keyboard.write_all(bytes).unwrap();
        keyboard.flush().unwrap();
    }

    /// Type `keys` again and again, until the program has ended: it may not listen yet.
    pub fn send_until_it_ends(&mut self, keys: &str) {
        let end = Instant::now() + PATIENCE;
        while self.ended().is_none() {
            assert!(
                Instant::now() < end,
                "the program has not ended; the screen shows\n{}",
                self.screen().contents()
            );
            self.send(keys);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The terminal's window gets another size.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        let mut output = self.shown.output.lock().unwrap();
        output
            .parser
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        drop(output);
        self.claim_size((columns, rows));
    }

    /// The terminal says that its window has another size, and shows what it showed before.
    pub fn claim_size(&mut self, (columns, rows): (u16, u16)) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Send a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Send a signal to what runs in the foreground of a shell.
    pub fn signal_foreground(&self, signal: Signal) {
        let group = self.master.as_ref().unwrap().process_group_leader();
        kill_process_group(Pid::from_raw(group.unwrap()).unwrap(), signal).unwrap();
    }

    /// Wait until the screen shows `text`, in one row.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("the text {text:?}"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Wait until the program has sent `part` so many times.
    pub fn wait_for_bytes(&self, part: &[u8], times: usize) {
        self.wait(&format!("\"{}\"", part.escape_ascii()), |output| {
            count(&output.bytes, part) >= times
        });
    }

    /// Wait until `is_so`; `what` says what for.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |output| is_so(output.parser.screen()));
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Output) -> bool) {
        let output = self.shown.output.lock().unwrap();
        let (output, timeout) = self
            .shown
            .changed
            .wait_timeout_while(output, PATIENCE, |output| !is_so(output))
            .unwrap();
        drop(output);
        assert!(
            !timeout.timed_out(),
            "waited for {what}, but {}",
            self.described()
        );
    }

    /// What the screen shows.
    pub fn screen(&self) -> vt100::Screen {
        self.shown.output.lock().unwrap().parser.screen().clone()
    }

    /// All bytes that the program has sent.
    pub fn bytes(&self) -> Vec<u8> {
        self.shown.output.lock().unwrap().bytes.clone()
    }

    /// Say from now on that it is well when it is asked.
    pub fn answer(&self) {
        self.shown.output.lock().unwrap().answers = true;
    }

    /// How many bytes the program has sent.
    pub fn count(&self) -> usize {
        self.shown.output.lock().unwrap().bytes.len()
    }

    /// Wait until the program has sent `part` after the first `count` bytes, and then a frame is whole;
    /// whether it came within `time`.
    pub fn sends_after(&self, count: usize, part: &[u8], time: Duration) -> bool {
        let output = self.shown.output.lock().unwrap();
        let has_come = |output: &Output| {
            let new = &output.bytes[count..];
            let frames = new.strip_suffix(ASKS).unwrap_or(new);
            frames.ends_with(END_UPDATE) && self::count(new, part) > 0
        };
        let waited = self
            .shown
            .changed
            .wait_timeout_while(output, time, |output| !has_come(output));
        !waited.unwrap().1.timed_out()
    }

    /// The screen, the last bytes that made it, and what the system says of the process.
    pub fn described(&self) -> String {
        let screen = self.screen();
        let which = match screen.alternate_screen() {
            true => "alternate",
            false => "shell's",
        };
        let bytes = self.bytes();
        let last = &bytes[bytes.len().saturating_sub(400)..];
        let status = self
            .child
            .process_id()
            .and_then(|process| std::fs::read_to_string(format!("/proc/{process}/status")).ok());
        let status = status.unwrap_or_default();
        let state = status.lines().find(|line| line.starts_with("State:"));
        format!(
            "the {which} screen shows\n{}\nafter …{}\n{}",
            screen.contents(),
            last.escape_ascii(),
            state.unwrap_or_default()
        )
    }

    /// Take so many bytes a second from now on, like a slow line.
    pub fn slow_down(&self, bytes_a_second: usize) {
        self.shown.output.lock().unwrap().reading = Reading::Slow(bytes_a_second);
    }

    /// Take nothing from the program any more, like a link that has frozen.
    pub fn freeze(&self) {
        self.shown.output.lock().unwrap().reading = Reading::Frozen;
    }

    /// Take nothing from the program for so long, like a terminal that is busy.
    pub fn pause(&self, time: Duration) {
        self.shown.output.lock().unwrap().reading = Reading::Later(Instant::now() + time);
    }

    /// The terminal's window is closed: nobody is at the other end. It is closed for good with
    /// the next thing that the program sends.
    pub fn close(&mut self) {
        self.shown.output.lock().unwrap().reading = Reading::Closed;
        // That is drawn, whatever else goes on.
        self.claim_size((91, 31));
        self.keyboard = None;
        self.slave = None;
        self.master = None;
    }

    /// The program's exit code, if it has ended.
    pub fn ended(&mut self) -> Option<u32> {
        let status = self.child.try_wait().unwrap()?;
        Some(status.exit_code())
    }

    /// Wait until the program has ended; its exit code.
    pub fn wait_exit(&mut self) -> u32 {
        self.wait_exit_within(PATIENCE)
    }

    /// Wait until the program has ended, for at most `time`; its exit code.
    pub fn wait_exit_within(&mut self, time: Duration) -> u32 {
        let end = Instant::now() + time;
        loop {
            if let Some(code) = self.ended() {
                return code;
            }
            assert!(
                Instant::now() < end,
                "the program has not ended; the screen shows\n{}",
                self.screen().contents()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the shell gets its lines as before.
    pub fn is_given_back(&self) -> bool {
        modes(self.master.as_ref().unwrap().as_ref()) == self.modes_before
    }

    /// Check that the shell gets its lines as before, though perhaps on a screen of ours.
    pub fn assert_line_discipline_restored(&self) {
        let master = self.master.as_ref().unwrap();
        assert_eq!(modes(master.as_ref()), self.modes_before, "line discipline");
    }

    /// Check that the terminal is as it was before the program started, and was asked for nothing.
    pub fn assert_restored(&self) {
        self.assert_modes_restored();
        let bytes = self.bytes();
        assert_eq!(
            count(&bytes, b"\x1b[?1049l"),
            count(&bytes, b"\x1b[?1049h"),
            "the alternate screen is left as often as it is entered"
        );
        assert_eq!(count(&bytes, b"\x1b[6n"), 0, "nobody asks for the cursor");
    }

    /// Check that the terminal is as it was before the program started, whatever came between.
    pub fn assert_modes_restored(&self) {
        self.assert_line_discipline_restored();
        self.wait_until("the alternate screen to be left", |screen| {
            !screen.alternate_screen()
        });
        self.wait_until("the cursor to come back", |screen| !screen.hide_cursor());
        let screen = self.screen();
        assert!(!screen.bracketed_paste(), "bracketed paste");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "mouse"
        );
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "colour");
    }
}

impl Drop for PseudoTerminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
    }
}

impl Shown {
    fn collect(
        &self,
        mut reader: Box<dyn Read + Send>,
        keyboard: &Weak<Mutex<Box<dyn Write + Send>>>,
    ) {
        let mut bytes = [0; 4096];
        let mut most = bytes.len();
        let mut cut = Vec::new();
        loop {
            let count = match reader.read(&mut bytes[..most]) {
                Ok(0) | Err(_) => return,
                Ok(count) => count,
            };
            let mut output = self.output.lock().unwrap();
            let shown = for_the_emulator(&mut cut, &bytes[..count]);
            output.parser.process(&shown);
            output.bytes.extend_from_slice(&bytes[..count]);
            // A question may have come in two parts.
            let before = (output.bytes.len() - count).saturating_sub(ASKS.len() - 1);
            if output.answers
                && let Some(keyboard) = keyboard.upgrade()
            {
                for _ in 0..self::count(&output.bytes[before..], ASKS) {
                    // The program may be gone.
                    let _ = keyboard.lock().unwrap().write_all(b"\x1b[0n");
                }
            }
            self.changed.notify_all();
            match output.reading {
                Reading::On => {}
                Reading::Slow(bytes_a_second) => {
                    drop(output);
                    most = bytes_a_second / 10;
                    thread::sleep(Duration::from_millis(100));
                }
                Reading::Later(then) => {
                    drop(output);
                    thread::sleep(then.saturating_duration_since(Instant::now()));
                    let mut output = self.output.lock().unwrap();
                    if output.reading == Reading::Later(then) {
                        output.reading = Reading::On;
                    }
                }
                Reading::Frozen => {
                    // The terminal stays open in this thread, unread.
                    drop(output);
                    loop {
                        thread::park();
                    }
                }
                Reading::Closed => return,
            }
        }
    }
}

/// What the emulator is given of `bytes`, and of what was `cut` before. It passes over U+FFFD, which
/// terminals show as a character, and loses what follows a character that comes in two parts.
fn for_the_emulator(cut: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    cut.extend_from_slice(bytes);
    let whole = match str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => cut.len(),
    };
    let rest = cut.split_off(whole);
    let shown = String::from_utf8_lossy(cut).replace('\u{fffd}', "?");
    *cut = rest;
    shown.into_bytes()
}

/// How often `part` occurs in `bytes`.
pub fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes
        .windows(part.len())
        .filter(|window| *window == part)
        .count()
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}
