//! Mixers keep a state in the place of a cache, which cannot be cut back: whoever goes back in a run
//! finds what a fresh run would.

use crate::reference;
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Answer, Ask, Question, RunRequest, Session};
use lenscape::run::{ActivationPatch, CandidateRequest, Continuation, Intervention, RunId};
use lenscape::trace::{
    AblatedPart, Ablation, Column, Layer, LensKind, Position, Row, Rows, Target, TokenId,
};

/// Each kind of mixer once.
const FIXTURES: [&str; 11] = [
    "qwen3_5",
    "lfm2",
    "gemma4",
    "mamba",
    "mamba2",
    "falcon_mamba",
    "granitemoehybrid_mamba",
    "falcon_h1",
    "nemotron_h",
    "gemma3n",
    "deepseek_v3",
];

/// So long that not every position's state is kept.
const STEPS: usize = 70;

fn session(name: &str) -> Session {
    reference::session(&CheckpointFiles::Folder(reference::fixture(name)))
}

fn run(id: u64) -> RunRequest {
    RunRequest {
        id: RunId(id),
        prompt: "The keys to the cabinet".into(),
        max_tokens: STEPS,
        ..RunRequest::default()
    }
}

/// A run of given tokens, so that none ends early.
fn forced(id: u64, tokens: &[TokenId]) -> RunRequest {
    RunRequest {
        continuation: Continuation::Tokens(tokens.to_vec()),
        max_tokens: 0,
        ..run(id)
    }
}

/// Any tokens at all.
fn tokens() -> Vec<TokenId> {
    (0..STEPS as u32)
        .map(|i| TokenId(2 + i * 37 % 380))
        .collect()
}

#[test]
fn a_branch_is_bit_for_bit_a_fresh_run_however_far_back_it_leaves() {
    for name in FIXTURES {
        let mut session = session(name);
        session.complete(forced(1, &tokens())).unwrap();
        for (i, at) in [69, 68, 60, 40, 33, 5, 1, 0].into_iter().enumerate() {
            let mut given = tokens()[..at].to_vec();
            given.extend([TokenId(300), TokenId(17)]);
            let (_, branched) = session.complete(forced(2 + i as u64, &given)).unwrap();
            let (_, fresh) = self::session(name).complete(forced(1, &given)).unwrap();
            assert_eq!(branched, fresh, "{name} at {at}");
        }
    }
}

fn joint(session: &mut Session, at: usize) -> f64 {
    let question = Question {
        run: RunId(1),
        lens: LensKind::Normed,
        rows: Rows::Layers,
        ask: Ask::Joint {
            at: Position(at),
            wanted: vec![CandidateRequest::from(" cabinets and keys")],
        },
    };
    match session.answer(&question).unwrap() {
        Answer::Joint(joint) => joint[0].clone().unwrap().0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_far_back_in_a_run_is_answered_as_at_its_end() {
    for name in FIXTURES {
        let mut long = session(name);
        let (prompt, _) = long.complete(forced(1, &tokens())).unwrap();
        for at in [prompt.len() + 66, prompt.len() + 30, prompt.len(), 3] {
            let mut short = session(name);
            let until = at.saturating_sub(prompt.len());
            short.complete(forced(1, &tokens()[..until])).unwrap();
            let off = (joint(&mut long, at) - joint(&mut short, at)).abs();
            assert!(off < 1e-4, "{name} at {at}: {off}");
        }
        // The run itself is as it was.
        let (_, again) = long.complete(forced(2, &tokens())).unwrap();
        let (_, fresh) = session(name).complete(forced(1, &tokens())).unwrap();
        assert_eq!(again, fresh, "{name}");
    }
}

fn tops(column: &Column) -> Vec<Vec<(TokenId, f32)>> {
    column
        .layers
        .values()
        .map(|cell| cell.top.clone())
        .collect()
}

#[test]
fn a_mixer_that_is_left_out_adds_nothing_and_is_there_again_afterwards() {
    for name in FIXTURES {
        let mut session = session(name);
        let (_, whole) = session.complete(run(1)).unwrap();
        let skipped = |part| RunRequest {
            interventions: vec![Intervention::Ablation(Ablation {
                layer: Layer(0),
                part,
            })],
            max_tokens: 1,
            ..run(2)
        };
        let (_, without) = session.complete(skipped(AblatedPart::Attention)).unwrap();
        assert_ne!(tops(&without[0]), tops(&whole[0]), "{name}");
        let (_, without_block) = session.complete(skipped(AblatedPart::Block)).unwrap();
        let cells = &without_block[0];
        let embedding = cells.embedding.as_ref().unwrap();
        assert_eq!(cells.layers[0].top, embedding.top, "{name}");
        let (_, again) = session.complete(run(3)).unwrap();
        assert_eq!(again, whole, "{name}");
    }
}

#[test]
fn a_trunk_of_several_streams_says_what_is_not_defined_for_it() {
    let mut session = session("gemma3n");
    session.complete(run(1)).unwrap();
    let question = Question {
        run: RunId(1),
        lens: LensKind::Normed,
        rows: Rows::Layers,
        ask: Ask::Attribution {
            at: Position(2),
            target: Target {
                token: TokenId(5),
                minus: None,
            },
        },
    };
    let message = session.answer(&question).unwrap_err().to_string();
    assert!(message.contains("several streams"), "{message}");
    let patched = RunRequest {
        interventions: vec![Intervention::Patch(ActivationPatch {
            row: Row::Layer(Layer(0)),
            from_run: RunId(1),
            from: Position(1),
            into: Position(1),
        })],
        ..run(2)
    };
    let message = session.complete(patched).unwrap_err().to_string();
    assert!(message.contains("no state can be patched"), "{message}");
}
