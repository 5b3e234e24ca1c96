//! A run as the default model gives it, from the golden values: real numbers for the screens.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use lenscape::run::ModelInfo;
use lenscape::trace::{BySum, Cell, Column, LensKind, Score, TokenId, Trajectory};
use lenscape::vocabulary::{Piece, Vocabulary};
use serde::Deserialize;

use crate::testing;

const GOLDEN: &str = include_str!("../golden/smollm2-135m-instruct.q4_1.json");
/// What the ids of the first case stand for.
const PIECES: &str = include_str!("pieces.json");

pub const VOCAB_SIZE: usize = 49_152;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Case {
    pub prompt_ids: Vec<u32>,
    steps: Vec<GoldenStep>,
    watch: Vec<Watch>,
}

#[derive(Deserialize)]
struct GoldenStep {
    token: u32,
    layers: Vec<GoldenLayer>,
}

#[derive(Deserialize)]
struct GoldenLayer {
    rank: u32,
    raw_rank: u32,
    logit: f32,
    prob: f32,
    entropy: f32,
    kl: f32,
    top: Vec<(u32, f32)>,
}

#[derive(Deserialize)]
struct Watch {
    text: String,
    id: u32,
    ranks: Vec<u32>,
}

impl Case {
    /// "The keys to the cabinet".
    pub fn cabinet() -> &'static Self {
        static CASE: LazyLock<Case> = LazyLock::new(|| {
            let golden: Golden = serde_json::from_str(GOLDEN).unwrap();
            golden.cases.into_iter().next().unwrap()
        });
        &CASE
    }

    pub fn columns(&self) -> Vec<Arc<Column>> {
        self.steps
            .iter()
            .map(|step| Arc::new(column(step)))
            .collect()
    }

    /// The golden values do not hold the prompt's own columns: its tokens with the figures of the
    /// steps, from the last one on.
    pub fn prompt_columns(&self) -> Vec<Arc<Column>> {
        let tokens = self.prompt_ids.iter().skip(1);
        let steps = self.steps.iter().rev();
        tokens
            .zip(steps)
            .map(|(token, step)| {
                Arc::new(Column {
                    token: TokenId(*token),
                    ..column(step)
                })
            })
            .collect()
    }

    /// The columns with the ranks of the lens without the final norm, under `lens`: they also stand
    /// for those of a changed network.
    pub fn raw_columns(&self, lens: LensKind) -> Vec<Arc<Column>> {
        let raw = |step: &GoldenStep| {
            let mut column = Column {
                lens,
                ..column(step)
            };
            for (cell, layer) in column.layers.values_mut().zip(&step.layers) {
                cell.score.rank = layer.raw_rank;
            }
            Arc::new(column)
        };
        self.steps.iter().map(raw).collect()
    }

    pub fn trajectory(&self, text: &str) -> Trajectory {
        let watch = self.watch.iter().find(|watch| watch.text == text).unwrap();
        let score = |rank: u32| Score {
            logit: 10.0 - (rank as f32).ln(),
            ..testing::score(rank)
        };
        Trajectory {
            candidate: testing::trajectory(text, &[watch.id], &[1]).candidate,
            embedding: Some(score(20_000)),
            layers: watch.ranks.iter().map(|rank| score(*rank)).collect(),
            inside: BySum::default(),
        }
    }

    pub fn watched(&self) -> Vec<String> {
        self.watch.iter().map(|watch| watch.text.clone()).collect()
    }
}

fn column(step: &GoldenStep) -> Column {
    let layers: Vec<Cell> = step.layers.iter().map(cell).collect();
    // The golden values do not hold the row `emb`: far from the answer, as it mostly is.
    let mut embedding = layers[0].clone();
    embedding.score.rank = (embedding.score.rank * 7).min(VOCAB_SIZE as u32);
    embedding.score.ties = 1;
    Column {
        embedding: Some(embedding),
        layers: layers.into(),
        ..testing::column(step.token, &[1])
    }
}

fn cell(layer: &GoldenLayer) -> Cell {
    let mut top: Vec<(TokenId, f32)> = layer
        .top
        .iter()
        .map(|(id, logit)| (TokenId(*id), *logit))
        .collect();
    // The golden values hold five tokens, the program shows ten.
    let mut logit = top.last().map_or(0.0, |(_, logit)| *logit);
    for id in [253, 260, 281, 282, 284, 288, 338, 339, 347, 354, 355] {
        if top.len() < 10 && top.iter().all(|(listed, _)| *listed != TokenId(id)) {
            logit -= 0.21;
            top.push((TokenId(id), logit));
        }
    }
    Cell {
        score: Score {
            logit: layer.logit,
            prob: layer.prob,
            ..testing::score(layer.rank)
        },
        entropy: layer.entropy,
        kl: layer.kl,
        log_sum_exp: layer.logit - layer.prob.ln(),
        top,
    }
}

pub fn text_of(id: TokenId) -> String {
    String::from_utf8_lossy(model().vocabulary.bytes(id)).into_owned()
}

fn vocabulary() -> Vocabulary {
    let known: BTreeMap<usize, Option<String>> = serde_json::from_str(PIECES).unwrap();
    let mut pieces = vec![Piece::Unused; VOCAB_SIZE];
    for (id, text) in known {
        pieces[id] = match text {
            Some(text) => Piece::Bytes(text.into_bytes()),
            None => Piece::Special("<|endoftext|>".into()),
        };
    }
    Vocabulary::new(pieces)
}

pub fn model() -> Arc<ModelInfo> {
    static MODEL: LazyLock<Arc<ModelInfo>> = LazyLock::new(|| Arc::new(info()));
    Arc::clone(&MODEL)
}

fn info() -> ModelInfo {
    ModelInfo {
        name: "SmolLM2-135M-Instruct".into(),
        d_model: 576,
        vocab_size: VOCAB_SIZE,
        context_length: 8192,
        weights: "Q4_1".into(),
        parameters: 134_515_008,
        vocabulary: Arc::new(vocabulary()),
        ..testing::model(30, &[""])
    }
}
