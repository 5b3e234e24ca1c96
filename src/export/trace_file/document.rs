//! The schema of a trace file. Fields may be added; none is ever renamed or given another
//! meaning without a new version.
//!
//! Every figure is defined in [`crate::trace`]; floats are written with as many digits as it
//! takes to read the same number back.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pieces::{self, PieceEntry};
use super::{FORMAT, VERSION};
use crate::run::{ChatPrompt, Intervention, ModelInfo, Record, Sampling, StopReason};
use crate::trace::{Cell, Column, LensKind, Row, Score, Step, TokenId, Trajectory};

/// The one JSON object of a trace file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// [`VERSION`] when it was written.
    pub version: u64,
    /// What wrote it, as `lenscape 0.1.0`.
    #[serde(default)]
    pub program: String,
    /// As people call the model.
    pub model: String,
    pub model_info: ModelEntry,
    pub lens: LensKind,
    /// What the lens says, for readers of the file.
    #[serde(default)]
    pub lens_meaning: String,
    /// Where a fitted lens is from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lens_source: String,
    /// Decoder blocks of the model.
    pub n_layers: usize,
    /// The rows inside the blocks, in the order of the stream, by name; none where they were not
    /// asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sublayers: Vec<String>,
    #[serde(default)]
    pub sampling: Sampling,
    pub prompt: String,
    /// What a chat template made `prompt` from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatPrompt>,
    pub prompt_ids: Vec<TokenId>,
    #[serde(default)]
    pub max_tokens: usize,
    /// How many of the first steps' tokens were given, not chosen.
    #[serde(default)]
    pub given: usize,
    /// What was changed in the network.
    #[serde(default)]
    pub interventions: Vec<Intervention>,
    /// Why the run ended; nothing where it had not.
    #[serde(default)]
    pub finish: Option<StopReason>,
    /// Empty in a `.safetensors` file, where tensors hold them.
    #[serde(default)]
    pub steps: Vec<StepEntry>,
    /// The position that predicts this step is the one that `watch` is about.
    #[serde(default)]
    pub watch_step: Step,
    #[serde(default)]
    pub watch: Vec<WatchEntry>,
    /// What each id that occurs stands for.
    pub pieces: Vec<PieceEntry>,
}

/// What is known of the model beside its name and layers.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelEntry {
    #[serde(default)]
    pub family: String,
    #[serde(default)]
    pub d_model: usize,
    pub vocab_size: usize,
    #[serde(default)]
    pub context_length: usize,
    #[serde(default)]
    pub weights: String,
    #[serde(default)]
    pub arithmetic: String,
    #[serde(default)]
    pub device: String,
    #[serde(default)]
    pub parameters: u64,
    /// What a reader of the figures should know of the checkpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct StepEntry {
    pub token: TokenId,
    /// For readers of the file; bytes that are no whole character as U+FFFD.
    #[serde(default)]
    pub text: String,
    /// `null` where the lens says nothing of the row, as in `layers`.
    pub embedding: Option<CellEntry>,
    pub layers: Vec<Option<CellEntry>>,
    /// One for each of the document's `sublayers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sublayers: Vec<Option<CellEntry>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct CellEntry {
    #[serde(flatten)]
    pub score: ScoreEntry,
    pub entropy: Number,
    pub kl: Number,
    pub log_sum_exp: Number,
    pub top: Vec<(TokenId, Number)>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ScoreEntry {
    pub rank: u32,
    #[serde(default)]
    pub ties: u32,
    pub logit: Number,
    pub prob: Number,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct WatchEntry {
    pub text: String,
    /// The token that is followed.
    pub id: Option<TokenId>,
    /// By layer: the ranks of `layers`, for readers of the file.
    #[serde(default)]
    pub ranks: Vec<Option<u32>>,
    pub tokens: Vec<TokenId>,
    #[serde(default)]
    pub context_changed: bool,
    pub embedding: Option<ScoreEntry>,
    pub layers: Vec<Option<ScoreEntry>>,
    /// One for each of the document's `sublayers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sublayers: Vec<Option<ScoreEntry>>,
}

/// A figure. JSON has no infinities: what is not finite is `null`, and read as not a number.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f32);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f32(self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Option::<f32>::deserialize(deserializer)?;
        Ok(Self(number.unwrap_or(f32::NAN)))
    }
}

impl Document {
    /// The record as it is written to JSON.
    pub fn of(record: &Record) -> Self {
        Self {
            steps: record
                .columns
                .iter()
                .map(|column| StepEntry::of(column, record))
                .collect(),
            ..Self::without_steps(record)
        }
    }

    /// All but the steps.
    pub fn without_steps(record: &Record) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            program: concat!("lenscape ", env!("CARGO_PKG_VERSION")).to_owned(),
            model: record.model.name.clone(),
            model_info: ModelEntry::of(&record.model),
            lens: record.lens,
            lens_meaning: record.lens.meaning().to_owned(),
            lens_source: record
                .model
                .about_lens(record.lens)
                .unwrap_or_default()
                .to_owned(),
            n_layers: record.model.n_layers,
            sublayers: record.rows_inside().iter().map(Row::to_string).collect(),
            sampling: record.sampling.clone(),
            prompt: record.prompt.clone(),
            chat: record.chat.clone(),
            prompt_ids: record.prompt_ids.clone(),
            max_tokens: record.max_tokens,
            given: record.given,
            interventions: record.interventions.clone(),
            finish: record.finish,
            steps: Vec::new(),
            watch_step: record.watch.step,
            watch: record
                .watch
                .trajectories
                .iter()
                .map(|trajectory| WatchEntry::of(trajectory, record.rows_inside()))
                .collect(),
            pieces: pieces::of(record),
        }
    }
}

impl ModelEntry {
    fn of(info: &ModelInfo) -> Self {
        Self {
            family: info.family.clone(),
            d_model: info.d_model,
            vocab_size: info.vocab_size,
            context_length: info.context_length,
            weights: info.weights.clone(),
            arithmetic: info.arithmetic.clone(),
            device: info.device.clone(),
            parameters: info.parameters,
            notes: info.notes.clone(),
        }
    }
}

impl StepEntry {
    fn of(column: &Column, record: &Record) -> Self {
        let bytes = record.vocabulary().bytes(column.token);
        Self {
            token: column.token,
            text: String::from_utf8_lossy(bytes).into_owned(),
            embedding: column.embedding.as_ref().map(CellEntry::of),
            layers: column
                .layers
                .iter()
                .map(|cell| cell.map(CellEntry::of))
                .collect(),
            sublayers: record
                .rows_inside()
                .iter()
                .map(|row| column.cell(*row).map(CellEntry::of))
                .collect(),
        }
    }
}

impl CellEntry {
    fn of(cell: &Cell) -> Self {
        Self {
            score: ScoreEntry::of(&cell.score),
            entropy: Number(cell.entropy),
            kl: Number(cell.kl),
            log_sum_exp: Number(cell.log_sum_exp),
            top: cell
                .top
                .iter()
                .map(|(id, logit)| (*id, Number(*logit)))
                .collect(),
        }
    }
}

impl ScoreEntry {
    fn of(score: &Score) -> Self {
        Self {
            rank: score.rank,
            ties: score.ties,
            logit: Number(score.logit),
            prob: Number(score.prob),
        }
    }
}

impl WatchEntry {
    fn of(trajectory: &Trajectory, inside: &[Row]) -> Self {
        let candidate = &trajectory.candidate;
        Self {
            text: candidate.text.clone(),
            id: candidate.followed(),
            ranks: trajectory
                .layers
                .iter()
                .map(|score| Some(score?.rank))
                .collect(),
            tokens: candidate.tokens.clone(),
            context_changed: candidate.context_changed,
            embedding: trajectory.embedding.as_ref().map(ScoreEntry::of),
            layers: trajectory
                .layers
                .iter()
                .map(|score| score.map(ScoreEntry::of))
                .collect(),
            sublayers: inside
                .iter()
                .map(|row| trajectory.score(*row).as_ref().map(ScoreEntry::of))
                .collect(),
        }
    }
}
