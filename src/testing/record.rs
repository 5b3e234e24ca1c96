//! A record with everything in it that a record can have.

use std::sync::Arc;

use lenscape::run::{
    ActivationPatch, ChatFrame, ChatPrompt, Intervention, LensInfo, ModelInfo, Record, RunId,
    Sampling, StateRows, StopReason, Watch,
};
use lenscape::trace::{
    AblatedPart, Ablation, Candidate, Cell, Column, Layer, LensKind, Position, Row, Rows, Score,
    Step, TokenId, Trajectory,
};
use lenscape::vocabulary::{Piece, Vocabulary};

use super::{cell_of, column, model, score, trajectory};

/// The vocabulary is written out.
const NO_WORDS: &[&str] = &[];

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
            vocab_size: pieces.len(),
            notes: vec!["an old file".into()],
            saved_run: None,
            lenses: vec![LensInfo {
                kind: LensKind::Raw,
                about: String::new(),
            }],
            vocabulary: Arc::new(Vocabulary::new(pieces)),
            ..model(3, NO_WORDS)
        }),
        lens: LensKind::Raw,
        rows: Rows::Layers,
        sampling: Sampling {
            temperature: 0.7,
            top_k: Some(40),
            top_p: None,
            repeat_penalty: 1.1,
            seed: u64::MAX,
        },
        max_tokens: 12,
        prompt: "The \"keys\"\nto".into(),
        chat: Some(ChatPrompt {
            prompt: "\"keys\"".into(),
            frame: ChatFrame {
                system: Some("Be\nbrief.".into()),
                messages: Some(r#"[{"role": "user", "content": "The"}]"#.into()),
            },
        }),
        prompt_ids: vec![TokenId(0), TokenId(4)],
        given: 1,
        interventions: interventions(),
        columns: vec![
            Arc::new(own_column(1, &[5, 2, 1])),
            Arc::new(own_column(2, &[4, 1, 3])),
        ],
        finish: Some(StopReason::EndOfText),
        watch: Watch {
            step: Step(1),
            trajectories: vec![
                of_two_tokens(" is", &[5, 5, 3, 2]),
                of_two_tokens(" are", &[5, 4, 2, 4]),
            ],
        },
    }
}

/// One of each kind.
fn interventions() -> Vec<Intervention> {
    let ablation = |layer, part| {
        let layer = Layer(layer);
        Intervention::Ablation(Ablation { layer, part })
    };
    let patch = |row| {
        Intervention::Patch(ActivationPatch {
            row,
            into: Position(1),
            from_run: RunId(1),
            from: Position(2),
        })
    };
    vec![
        ablation(0, AblatedPart::Block),
        ablation(1, AblatedPart::Attention),
        ablation(1, AblatedPart::FeedForward),
        ablation(2, AblatedPart::Head(3)),
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
        inside: Vec::new(),
    }
}

fn ties(score: Score) -> Score {
    Score {
        ties: score.rank / 4,
        ..score
    }
}

/// Each figure is another, and the list is as long as the rank has it.
fn own_cell(rank: u32) -> Cell {
    let ids: Vec<u32> = (1..=3).take(rank as usize).collect();
    Cell {
        score: ties(score(rank)),
        entropy: 1.7 + rank as f32,
        kl: 0.1 * rank as f32,
        ..cell_of(rank, &ids)
    }
}

fn own_column(token: u32, ranks: &[u32]) -> Column {
    Column {
        lens: LensKind::Raw,
        embedding: Some(own_cell(5)),
        layers: ranks.iter().map(|rank| own_cell(*rank)).collect(),
        ..column(token, ranks)
    }
}

/// Of two tokens, of which only the first is followed.
fn of_two_tokens(text: &str, ranks: &[u32]) -> Trajectory {
    let found = trajectory(text, &[1, 3], ranks);
    Trajectory {
        candidate: Candidate {
            context_changed: true,
            ..found.candidate
        },
        embedding: found.embedding.map(ties),
        layers: found.layers.values().copied().map(ties).collect(),
        inside: found.inside,
    }
}
