//! A monkey at the keyboard: whatever it types, resizes and signals, the program goes on or ends as
//! it should, and the keyboard lives.
//!
//! What it does comes from a seed. `cargo test` lets it do some hundred things. For a long visit:
//!
//! ```sh
//! LENSCAPE_MONKEY_INPUTS=50000 LENSCAPE_MONKEY_SEED=7 \
//!     cargo test --release --test pty monkey -- --nocapture
//! ```
//!
//! Either variable may be left out. A failure tells the seed and the last things that it did.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rustix::process::Signal;

use crate::program::Opened;
use crate::pseudo_terminal::{PseudoTerminal, count};
use crate::typing::{EMPTY_THE_LINE, PASTE_BEGINS, PASTE_ENDS, PASTE_SILENCE};
use input::Input;

mod input;
mod keys;

const USUAL_INPUTS: usize = 200;
const USUAL_SEEDS: [u64; 2] = [1, 2];

/// So many inputs lie between two looks at the keyboard.
const BETWEEN_LOOKS: usize = 50;
/// So many lives share a home.
const LIVES_IN_A_HOME: usize = 20;
/// Every so many lives, what quits is left out for so many inputs.
const LONG_LIFE: (usize, usize) = (5, 2000);
/// So many of the last inputs are told of a failure.
const TOLD: usize = 200;

/// How long a word may take to the screen on a busy machine, and the program to its end.
const LOOKING: Duration = Duration::from_secs(30);
const QUITTING: Duration = Duration::from_secs(5);

/// A screen on which nothing has happened for so long is at rest; for so long it may take to come
/// to rest.
const REST: Duration = Duration::from_millis(200);
const COMING_TO_REST: Duration = Duration::from_millis(600);

/// The size in which the keyboard is looked at, unless there is so much room.
const SIZE: (u16, u16) = (120, 40);
const ROOM: (u16, u16) = (80, 20);
const REDRAW: &str = "\x0c";
/// Longer than an Esc is held, and than the rest of a sequence is waited for.
const ESC_HOLD: Duration = Duration::from_millis(60);
const SILENCE: Duration = Duration::from_millis(150);
/// Where a word that was typed is not on the screen by then, it may have gone elsewhere.
const SOON: Duration = Duration::from_millis(120);

/// More than the program takes with a tiny model, in kilobytes: a screen of the largest size that
/// is drawn to is the most of it.
const MOST_MEMORY: u64 = 200_000;

#[test]
fn the_keyboard_lives_whatever_a_monkey_does() {
    let number = |name| {
        env::var(name).ok().map(|text| {
            let number = text.parse::<u64>();
            number.unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
        })
    };
    let inputs = number("LENSCAPE_MONKEY_INPUTS").map_or(USUAL_INPUTS, |count| count as usize);
    let seeds = number("LENSCAPE_MONKEY_SEED").map_or(USUAL_SEEDS.to_vec(), |seed| vec![seed]);
    for seed in seeds {
        Monkey::new(seed).play(inputs);
    }
}

struct Monkey {
    seed: u64,
    anything: BoxedStrategy<Input>,
    runner: TestRunner,
    /// The last things that it did, and with which the program was started.
    done: VecDeque<String>,
    lives: usize,
    looks: usize,
    /// The most memory that was seen, in kilobytes.
    most_memory: u64,
}

/// One start of the program.
struct Life {
    opened: Opened,
    inputs: usize,
    /// The signals that had to end it.
    signals: Vec<Signal>,
    /// Whether a paste may wait for its end.
    in_paste: bool,
    /// Until when the terminal is not read.
    unread_until: Instant,
    /// Whether the terminal is of the size that it says, and a word has room on it.
    has_room: bool,
}

impl Monkey {
    fn new(seed: u64) -> Self {
        let bytes = [seed; 4].map(u64::to_le_bytes).concat();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self {
            seed,
            anything: input::anything().boxed(),
            runner: TestRunner::new_with_rng(Config::default(), rng),
            done: VecDeque::new(),
            lives: 0,
            looks: 0,
            most_memory: 0,
        }
    }

    fn play(mut self, inputs: usize) {
        let start = Instant::now();
        let mut life = self.start(None);
        let mut done = 0;
        while done < inputs {
            let input = self.next();
            let patient = self.lives.is_multiple_of(LONG_LIFE.0) && life.inputs < LONG_LIFE.1;
            if patient && (input.may_quit() || input.ending().is_some()) {
                continue;
            }
            self.note(format!("{input:?}"));
            life.take(&input);
            done += 1;
            if done % BETWEEN_LOOKS == 0 {
                self.look(&mut life);
            }
            if let Some(code) = life.opened.terminal.ended() {
                life.assert_ended_well(code);
                life = self.start(Some(life));
            }
        }
        self.look(&mut life);
        life.quit();
        println!(
            "seed {}: {inputs} inputs, {} starts, {} looks at the keyboard, at most {} MB, in {:.0?}",
            self.seed,
            self.lives,
            self.looks,
            self.most_memory / 1000,
            start.elapsed()
        );
    }

    fn next(&mut self) -> Input {
        self.anything.new_tree(&mut self.runner).unwrap().current()
    }

    fn note(&mut self, done: String) {
        if self.done.len() == TOLD {
            self.done.pop_front();
        }
        self.done.push_back(done);
    }

    /// Start the program, in the home of the life before.
    fn start(&mut self, before: Option<Life>) -> Life {
        let home = match before {
            Some(life) if !self.lives.is_multiple_of(LIVES_IN_A_HOME) => life.opened.home,
            _ => tempfile::tempdir().unwrap(),
        };
        self.lives += 1;
        self.note(format!("— start {} —", self.lives));
        let opened = Opened::secluded(home, &["--max-tokens", "100000"]);
        let screen = vt100::Screen::alternate_screen;
        opened.terminal.wait_until("the program's screen", screen);
        if self.lives.is_multiple_of(2) {
            opened.terminal.answer();
        }
        Life {
            opened,
            inputs: 0,
            signals: Vec::new(),
            in_paste: false,
            unread_until: Instant::now(),
            has_room: true,
        }
    }

    /// Check the screen, and that the keyboard lives, unless the program is about to end.
    fn look(&mut self, life: &mut Life) {
        if !life.signals.is_empty() {
            return;
        }
        life.end_sequence();
        if life.word_arrives(&format!("74{:07}", self.looks)) {
            life.assert_drawn_right();
            self.looks += 1;
            let memory = memory(life.opened.terminal.process());
            assert!(memory < MOST_MEMORY, "the program takes {memory} kB");
            self.most_memory = self.most_memory.max(memory);
        }
    }
}

impl Drop for Monkey {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the last inputs of seed {}:", self.seed);
            for done in &self.done {
                eprintln!("  {done}");
            }
        }
    }
}

impl Life {
    fn take(&mut self, input: &Input) {
        self.inputs += 1;
        if self.opened.terminal.is_given_back() {
            // It is about to end, and what comes now is not for it: a Ctrl-C would have the system
            // drop what it has written.
            thread::sleep(Duration::from_millis(2));
            return;
        }
        self.signals.extend(input.ending());
        let terminal = &mut self.opened.terminal;
        match input {
            Input::Bytes(bytes) => {
                let begins = bytes.starts_with(PASTE_BEGINS);
                self.in_paste |= begins && !bytes.ends_with(PASTE_ENDS);
                terminal.send_bytes(bytes);
            }
            Input::Command(line) => {
                terminal.send("\x1b\x1b\x1b");
                thread::sleep(ESC_HOLD);
                terminal.send(&format!("\t:{line}\r"));
            }
            Input::Size(columns @ 1..=300, rows @ 1..=100) => {
                self.has_room = *columns >= ROOM.0 && *rows >= ROOM.1;
                terminal.resize((*columns, *rows));
            }
            Input::Size(columns, rows) => {
                self.has_room = false;
                terminal.claim_size((*columns, *rows));
            }
            Input::Signal(signal) => terminal.signal(*signal),
            Input::Stop(signal, time) => {
                terminal.signal(*signal);
                thread::sleep(*time);
                terminal.signal(Signal::CONT);
            }
            Input::Unread(time) => {
                self.unread_until = Instant::now() + *time;
                terminal.pause(*time);
            }
            Input::Pause(time) => thread::sleep(*time),
        }
    }

    /// Wait until what may be open is open no longer.
    fn end_sequence(&mut self) {
        thread::sleep(self.unread_until.saturating_duration_since(Instant::now()));
        thread::sleep(if self.in_paste {
            PASTE_SILENCE
        } else {
            SILENCE
        });
        self.in_paste = false;
    }

    /// Check that the screen, which nothing changes now, is the one that is drawn anew.
    fn assert_drawn_right(&mut self) {
        let terminal = &mut self.opened.terminal;
        let Some(before) = at_rest(terminal) else {
            return;
        };
        let count = terminal.count();
        terminal.send(REDRAW);
        let is_redrawn = terminal.sends_after(count, b"\x1b[2J", LOOKING);
        assert!(is_redrawn, "nothing is drawn; {}", terminal.described());
        let Some(anew) = at_rest(terminal) else {
            return;
        };
        assert!(
            appearance(&before) == appearance(&anew),
            "the screen shows\n{}\nand, drawn anew,\n{}\n{:?}",
            before.contents(),
            anew.contents(),
            appearance(&before)
                .iter()
                .zip(&appearance(&anew))
                .enumerate()
                .filter(|(_, (before, anew))| before != anew)
                .take(5)
                .collect::<Vec<_>>(),
        );
    }

    /// Check that a word that is typed comes to the screen; `false` if the program ended of its
    /// own accord meanwhile.
    fn word_arrives(&mut self, word: &str) -> bool {
        self.opened.terminal.resize(SIZE);
        thread::sleep(if self.in_paste {
            PASTE_SILENCE
        } else {
            SILENCE
        });
        self.in_paste = false;
        let end = Instant::now() + LOOKING;
        while self.opened.terminal.ended().is_none() {
            assert!(
                Instant::now() < end,
                "the word {word} does not arrive; {}",
                self.opened.terminal.described()
            );
            // Out of all that is open; the figures mean nothing there, and in the prompt themselves.
            let terminal = &mut self.opened.terminal;
            terminal.send("\x1b\x1b\x1b\x1b\x1b");
            thread::sleep(ESC_HOLD);
            terminal.send(&format!("{EMPTY_THE_LINE}{word}"));
            let soon = Instant::now() + SOON;
            while Instant::now() < soon {
                if terminal.screen().contents().contains(word) {
                    // Else it is the line discipline that shows it.
                    return !terminal.is_given_back();
                }
                thread::sleep(Duration::from_millis(5));
            }
            // Not in the prompt, then: to the next pane.
            terminal.send("\t");
        }
        false
    }

    /// Check that it can be left now.
    fn quit(mut self) {
        let terminal = &mut self.opened.terminal;
        terminal.send("\x11");
        let end = Instant::now() + QUITTING;
        let code = loop {
            if let Some(code) = terminal.ended() {
                break code;
            }
            assert!(Instant::now() < end, "Ctrl-Q does not end it");
            if terminal.screen().contents().contains("Quit?") {
                terminal.send("y");
            }
            thread::sleep(Duration::from_millis(5));
        };
        self.assert_ended_well(code);
    }

    /// Check how it has ended: as it was told to, with nothing left behind and no panic.
    fn assert_ended_well(&self, code: u32) {
        let told = self.signals.iter().map(|signal| 128 + signal.as_raw());
        let right: Vec<u32> = told.map(|code| code as u32).chain([0]).collect();
        assert!(right.contains(&code), "it ended with {code}, not {right:?}");
        self.opened.terminal.assert_modes_restored();
        let log = self.opened.home.path().join("lenscape/lenscape.log");
        for shown in [self.opened.terminal.bytes(), fs::read(log).unwrap()] {
            let panics = count(&shown, b"panicked");
            assert_eq!(panics, 0, "{}", String::from_utf8_lossy(&shown));
        }
    }
}

/// The screen, if it comes to rest.
fn at_rest(terminal: &PseudoTerminal) -> Option<vt100::Screen> {
    let start = Instant::now();
    let mut last = (terminal.count(), start);
    while last.1.elapsed() < REST {
        if start.elapsed() > COMING_TO_REST {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
        let count = terminal.count();
        if count != last.0 || is_at_work(terminal.process()) {
            last = (count, Instant::now());
        }
    }
    Some(terminal.screen())
}

/// Whether a thread of a process has something to do, as far as the system tells.
fn is_at_work(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let stats = threads.into_iter().flatten().flatten();
    let mut stats = stats.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    // The state stands behind the name, which is in parentheses.
    stats.any(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('S'))
    })
}

/// How each cell looks; one that was never written to looks like a space.
fn appearance(screen: &vt100::Screen) -> Vec<String> {
    let (rows, columns) = screen.size();
    let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let looks = cells.map(|(row, column)| {
        let cell = screen.cell(row, column).unwrap();
        let ground = (cell.bgcolor(), cell.inverse(), cell.underline());
        match cell.contents() {
            "" | " " => format!("{ground:?}"),
            text => format!(
                "{text} {ground:?} {:?} {} {}",
                cell.fgcolor(),
                cell.bold(),
                cell.dim()
            ),
        }
    });
    looks.collect()
}

/// The memory that a process uses, in kilobytes; 0 where the system does not tell.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, |line| {
        let number = line.trim().trim_end_matches(" kB");
        number.parse().unwrap()
    })
}
