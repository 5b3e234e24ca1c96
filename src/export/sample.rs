//! A record with everything in it that a record can have, for tests.

use std::sync::Arc;

use crate::run::{
    Intervention, ModelInfo, Record, RunId, Sampling, StatePatch, StateRows, StopReason, Watch,
};
use crate::trace::{
    Candidate, Cell, Column, Layer, LensKind, Position, Row, Score, Skip, SkippedPart, Step,
    TokenId, Trajectory,
};
use crate::vocabulary::{Piece, Vocabulary};

/// Three layers, two steps, lists of different lengths, ties, half a character, a control token
/// and a row without a token.
pub fn record() -> Record {
    let pieces = vec![
        Piece::Special("<|end|>".into()),
        Piece::Bytes(b" is".to_vec()),
        Piece::Bytes(vec![0xe6, 0x97]),
        Piece::Bytes(b"\n<\"&".to_vec()),
        Piece::Unused,
    ];
    Record {
        model: Arc::new(ModelInfo {
            name: "Tiny".into(),
            family: "llama".into(),
            n_layers: 3,
            d_model: 2,
            vocab_size: pieces.len(),
            context_length: 64,
            weights: "f32".into(),
            arithmetic: "exact".into(),
            device: "cpu".into(),
            parameters: 1_000,
            notes: vec!["an old file".into()],
            saved_run: None,
            lenses: vec![crate::run::LensInfo {
                kind: LensKind::Raw,
                about: String::new(),
            }],
            vocabulary: Arc::new(Vocabulary::new(pieces)),
        }),
        lens: LensKind::Raw,
        sampling: Sampling {
            temperature: 0.7,
            top_k: Some(40),
            top_p: None,
            repeat_penalty: 1.1,
            seed: u64::MAX,
        },
        max_tokens: 12,
        prompt: "The \"keys\"\nto".into(),
        prompt_ids: vec![TokenId(0), TokenId(4)],
        given: 1,
        interventions: interventions(),
        columns: vec![
            Arc::new(column(1, &[5, 2, 1])),
            Arc::new(column(2, &[4, 1, 3])),
        ],
        finish: Some(StopReason::EndOfText),
        watch: Watch {
            step: Step(1),
            trajectories: vec![
                trajectory(" is", &[5, 3, 2]),
                trajectory(" are", &[4, 2, 4]),
            ],
        },
    }
}

/// One of each kind.
fn interventions() -> Vec<Intervention> {
    let skip = |layer, part| {
        let layer = Layer(layer);
        Intervention::Skip(Skip { layer, part })
    };
    let patch = |row| {
        Intervention::Patch(StatePatch {
            row,
            into: Position(1),
            from_run: RunId(1),
            from: Position(2),
        })
    };
    vec![
        skip(0, SkippedPart::Block),
        skip(1, SkippedPart::Attention),
        skip(1, SkippedPart::FeedForward),
        skip(2, SkippedPart::Head(3)),
        patch(Row::Embedding),
        patch(Row::Layer(Layer(2))),
    ]
}

/// The states of [`record`], and those of a step not drawn yet.
pub fn states() -> StateRows {
    StateRows {
        steps: 3,
        rows: 4,
        d_model: 2,
        values: (0..24).map(|x| x as f32 / 3.0).collect(),
    }
}

fn score(rank: u32) -> Score {
    Score {
        rank,
        ties: rank / 4,
        logit: 10.1 - rank as f32,
        prob: 0.3 / rank as f32,
    }
}

fn cell(rank: u32) -> Cell {
    let ids = (1..=3).take(rank as usize);
    Cell {
        score: score(rank),
        entropy: 1.7 + rank as f32,
        kl: 0.1 * rank as f32,
        log_sum_exp: 11.3,
        top: ids.map(|id| (TokenId(id), 9.7 - id as f32)).collect(),
    }
}

fn column(token: u32, ranks: &[u32]) -> Column {
    Column {
        token: TokenId(token),
        lens: LensKind::Raw,
        embedding: Some(cell(5)),
        layers: ranks.iter().map(|rank| cell(*rank)).collect(),
    }
}

fn trajectory(text: &str, ranks: &[u32]) -> Trajectory {
    Trajectory {
        candidate: Candidate {
            text: text.into(),
            tokens: vec![TokenId(1), TokenId(3)],
            context_changed: true,
        },
        embedding: Some(score(5)),
        layers: ranks.iter().map(|rank| score(*rank)).collect(),
    }
}
