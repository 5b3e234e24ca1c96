//! What a monkey does to a terminal, and to the program in it.

use std::fmt;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use rustix::process::Signal;

use super::keys;
use crate::program::fixture;
use crate::typing::{ANSWERS, CUT};

/// One thing that it does.
#[derive(Clone)]
pub enum Input {
    /// These bytes come, in one write.
    Bytes(Vec<u8>),
    /// Out of what is open, into another pane, and there a command line.
    Command(String),
    /// The window gets another size.
    Size(u16, u16),
    /// A signal comes.
    Signal(Signal),
    /// The process is stopped for so long, and goes on.
    Stop(Signal, Duration),
    /// The terminal is not read for so long.
    Unread(Duration),
    /// Nothing happens for so long.
    Pause(Duration),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Self::Command(line) => write!(f, "command {line:?}"),
            Self::Size(columns, rows) => write!(f, "{columns} × {rows}"),
            Self::Signal(signal) => write!(f, "{signal:?}"),
            Self::Stop(signal, time) => write!(f, "{signal:?} for {time:?}"),
            Self::Unread(time) => write!(f, "unread for {time:?}"),
            Self::Pause(time) => write!(f, "pause of {time:?}"),
        }
    }
}

impl Input {
    /// Whether the program may end by it, though no signal tells it to: by its last letter, or by
    /// one that makes sense of what was typed before.
    pub fn may_quit(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes
                .iter()
                .any(|byte| matches!(byte, b'q' | b'Q' | 0x03 | 0x11)),
            Self::Command(line) => line.contains('\t') || line.contains("quit"),
            _ => false,
        }
    }

    /// The signal that has to end the program.
    pub fn ending(&self) -> Option<Signal> {
        match self {
            Self::Signal(signal) if *signal != Signal::WINCH => Some(*signal),
            _ => None,
        }
    }
}

/// Whatever may come, the usual more often than the rare.
pub fn anything() -> impl Strategy<Value = Input> {
    let kinds: [(u32, BoxedStrategy<Input>); 21] = [
        (160, bytes(select(keys::all()))),
        (40, bytes((b' '..=b'~').prop_map(|key| vec![key]))),
        (16, bytes((0..b' ').prop_map(|key| vec![key]))),
        (8, bytes((b' '..=b'~').prop_map(|key| vec![0x1b, key]))),
        (8, bytes("\\PC{1,20}".prop_map(String::into_bytes))),
        (8, bytes(select(lines()))),
        (12, commands()),
        (10, bytes(pastes())),
        (1, bytes(Just(b"\x1b[200~and no end".to_vec()))),
        (8, bytes(prop::collection::vec(0x80_u8.., 1..4))),
        (8, bytes(prop::collection::vec(any::<u8>(), 1..12))),
        (8, bytes(select(known()))),
        (8, bytes(cut())),
        (8, bytes(sequences())),
        (12, bytes(mouse())),
        (8, bytes(kitty())),
        (16, sizes()),
        (4, Just(Input::Signal(Signal::WINCH)).boxed()),
        (8, stops()),
        (1, select(&ENDING[..]).prop_map(Input::Signal).boxed()),
        (12, times()),
    ];
    Union::new_weighted(kinds.to_vec())
}

const ENDING: [Signal; 4] = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT];

fn bytes(bytes: impl Strategy<Value = Vec<u8>> + 'static) -> BoxedStrategy<Input> {
    bytes.prop_map(Input::Bytes).boxed()
}

/// What makes sense behind keys that lead to it.
fn lines() -> Vec<Vec<u8>> {
    let lines = [
        "The keys to the cabinet\r",
        "\x15a\r",
        "\x12\r",
        "c` is` ` are`\r",
        "r the\r",
        "/e\r",
        "I L1.mlp L2.h3\r",
        "S1.json\r",
        "a b\nc",
        "\x14 on the table\r",
    ];
    lines.map(|line| line.as_bytes().to_vec()).to_vec()
}

fn commands() -> BoxedStrategy<Input> {
    let lines = [
        "set grid.value kl",
        "set grid.value rank",
        "set grid.cells shades",
        "set sampling.temperature 0.9",
        "set max-tokens 3",
        "set max-tokens 100000",
        "save a.json",
        "save a.csv",
        "save a.svg",
        "save a.safetensors",
        "save a.txt",
        "save a/b",
        "save /",
        "skip L1.attn L3",
        "force  are on",
        "step 3",
        "step 99999999999",
        "layer 2",
        "model nothing",
        "generate",
        "compare",
        "quit",
    ];
    let others = ["llama", "qwen3", "gpt2"].map(|family| {
        let folder = fixture().with_file_name(family);
        format!("model {}", folder.display())
    });
    let lines: Vec<String> = lines.map(str::to_owned).into_iter().chain(others).collect();
    prop_oneof![
        3 => select(lines),
        // Any action, by the list of suggestions.
        2 => (1..120_usize).prop_map(|count| "\t".repeat(count)),
        2 => (1..60_usize, 0..8_usize)
            .prop_map(|(name, value)| format!("set {}{}", "\t".repeat(name), "\t".repeat(value))),
        1 => "[ -~]{0,12}",
    ]
    .prop_map(Input::Command)
    .boxed()
}

fn pastes() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "\\PC{0,40}",
        "[ -~\r\n\t]{0,300}",
        "[a-z \r]{1500,2000}",
        ".{0,60}",
    ];
    text.prop_map(|text| format!("\x1b[200~{text}\x1b[201~").into_bytes())
}

/// Sequences that are known, whole and not.
fn known() -> Vec<Vec<u8>> {
    let without_pastes = CUT.iter().filter(|cut| !cut.ends_with(b"200~"));
    let known = ANSWERS.iter().chain(without_pastes);
    known.map(|known| known.to_vec()).collect()
}

/// The beginnings of what keys and answers send.
fn cut() -> impl Strategy<Value = Vec<u8>> {
    let whole = [keys::all(), known()].concat();
    (select(whole), any::<prop::sample::Index>()).prop_map(|(mut whole, end)| {
        whole.truncate(1 + end.index(whole.len()));
        whole
    })
}

/// Sequences of every form, known or not.
fn sequences() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "\x1b\\[[0-?]{0,12}[ -/]{0,2}[@-~]",
        "\x1b\\[[0-9;:]{60,90}[@-~]",
        "\x1bO[0-9;]{0,4}[@-~]",
        "\x1b[PX\\]^_][ -~]{0,80}(\x1b\\\\|\x07)?",
    ]
    // A paste without an end takes two seconds, and comes by itself.
    .prop_filter("no paste", |sequence| !sequence.contains("[200~"))
    .prop_map(String::into_bytes)
}

/// What a mouse does, as each kind of terminal tells it.
fn mouse() -> impl Strategy<Value = Vec<u8>> {
    let place = || prop_oneof![8 => 0..130_u32, 1 => any::<u32>()];
    prop_oneof![
        6 => (select(vec![0, 1, 2, 3, 32, 35, 64, 65, 66, 68, 96, 255]), place(), place(), any::<bool>())
            .prop_map(|(button, column, row, down)| {
                let last = if down { 'M' } else { 'm' };
                format!("\x1b[<{button};{column};{row}{last}").into_bytes()
            }),
        1 => (place(), place(), place())
            .prop_map(|(button, column, row)| format!("\x1b[{button};{column};{row}M").into_bytes()),
        1 => any::<[u8; 3]>().prop_map(|report| [b"\x1b[M", report.as_slice()].concat()),
    ]
}

/// Keys as the protocol of kitty tells them.
fn kitty() -> impl Strategy<Value = Vec<u8>> {
    let key = prop_oneof![0..300_u32, 57344..57460_u32, any::<u32>()];
    (key, 0..300_u32, 0..5_u32).prop_map(|(key, modifiers, kind)| {
        let text = match kind {
            0 => format!("\x1b[{key}u"),
            1..=3 => format!("\x1b[{key};{modifiers}:{kind}u"),
            _ => format!("\x1b[{key}:{modifiers};{modifiers};{key}u"),
        };
        text.into_bytes()
    })
}

fn sizes() -> BoxedStrategy<Input> {
    let strange = [
        (0, 0),
        (65535, 65535),
        (65535, 1),
        (1, 65535),
        (0, 40),
        (120, 0),
    ];
    prop_oneof![
        8 => (1..=300_u16, 1..=100_u16),
        4 => (60..=160_u16, 15..=50_u16),
        2 => (1..=20_u16, 1..=6_u16),
        1 => select(strange.to_vec()),
    ]
    .prop_map(|(columns, rows)| Input::Size(columns, rows))
    .boxed()
}

fn milliseconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn stops() -> BoxedStrategy<Input> {
    (
        select(vec![Signal::STOP, Signal::TSTP]),
        milliseconds(0..40),
    )
        .prop_map(|(signal, time)| Input::Stop(signal, time))
        .boxed()
}

fn times() -> BoxedStrategy<Input> {
    prop_oneof![
        1 => milliseconds(20..600).prop_map(Input::Unread),
        8 => milliseconds(1..120).prop_map(Input::Pause),
    ]
    .boxed()
}
