//! What can be chosen by a word: each is told from the type that it stands for, so that the model
//! and the settings know nothing of the command line.

use clap::ValueEnum;

use crate::model::Dtype;
use crate::settings::{CharsetChoice, ColourChoice};

/// How weights are held and computed with, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DtypeChoice {
    /// Float32 arithmetic on the exact values, which are held as the files store them.
    Auto,
    /// The same, held as float32: more memory.
    F32,
    /// Weights, and what each operation gives, are rounded to bfloat16.
    Bf16,
    /// The same with float16.
    F16,
}

impl From<DtypeChoice> for Dtype {
    fn from(choice: DtypeChoice) -> Self {
        match choice {
            DtypeChoice::Auto => Self::Auto,
            DtypeChoice::F32 => Self::F32,
            DtypeChoice::Bf16 => Self::Bf16,
            DtypeChoice::F16 => Self::F16,
        }
    }
}

/// How many colours to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// As many as the terminal says it can show.
    Auto,
    /// 24-bit colours.
    Truecolor,
    /// The 256 colours of xterm.
    #[value(name = "256")]
    Ansi256,
    /// The 16 basic colours.
    #[value(name = "16")]
    Ansi16,
    /// None: shades and marks.
    None,
}

impl From<ColorChoice> for ColourChoice {
    fn from(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Auto => Self::Auto,
            ColorChoice::Truecolor => Self::TrueColour,
            ColorChoice::Ansi256 => Self::Indexed,
            ColorChoice::Ansi16 => Self::Ansi,
            ColorChoice::None => Self::None,
        }
    }
}

/// Which characters the screen is made of, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CharsetName {
    /// All where the locale has UTF-8, else ASCII.
    Auto,
    /// All.
    Unicode,
    /// ASCII only, each character of one column.
    Ascii,
}

impl From<CharsetName> for CharsetChoice {
    fn from(name: CharsetName) -> Self {
        match name {
            CharsetName::Auto => Self::Auto,
            CharsetName::Unicode => Self::Unicode,
            CharsetName::Ascii => Self::Ascii,
        }
    }
}

/// How measurements, and what was understood of a checkpoint, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines to read.
    Text,
    /// One JSON object.
    Json,
}
