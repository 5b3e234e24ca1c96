//! Looking changes nothing: a run in whose middle every kind of question is asked has, bit for
//! bit, the columns and states of one that nobody looked at.

use crate::reference;
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Ask, AskKind, Progress, Question, RunRequest, Session};
use lenscape::run::{
    ActivationPatch, CandidateRequest, Continuation, Intervention, RunId, Sampling,
};
use lenscape::trace::{
    AblatedPart, Ablation, Column, Layer, LensKind, Position, Row, Rows, Step, Target, TokenId,
};
use strum::IntoEnumIterator;

const PROMPT: &str = "The keys to the cabinet";

/// Families whose caches differ: a sliding window, grouped queries, learned positions, experts,
/// states in their place.
const FIXTURES: [&str; 7] = [
    "llama", "mistral", "gemma3", "gpt2", "mixtral", "qwen3_5", "lfm2",
];

fn session(name: &str) -> Session {
    reference::session(&CheckpointFiles::Folder(reference::fixture(name)))
}

fn run(id: u64, prompt: &str) -> RunRequest {
    RunRequest {
        id: RunId(id),
        prompt: prompt.into(),
        max_tokens: 10,
        // Drawn, so that a changed logit or a draw too many would lead to other tokens.
        sampling: Sampling {
            temperature: 1.0,
            seed: 7,
            ..Sampling::default()
        },
        ..RunRequest::default()
    }
}

/// Every number of a run, exactly.
fn bits(columns: &[Column], session: &Session, run: RunId) -> (String, Vec<u32>) {
    let states = session.state_rows(run).unwrap().values;
    let states = states.iter().map(|value| value.to_bits()).collect();
    // Debug prints as many digits as tell a float from every other one.
    (format!("{columns:?}"), states)
}

/// A question of a kind about a position. A new kind must be given a question here.
fn ask(kind: AskKind, at: Position, tokens: &[TokenId]) -> Ask {
    let wanted = || {
        vec![
            CandidateRequest::from(" cabinets and keys"),
            CandidateRequest::Token(TokenId(300)),
        ]
    };
    let target = Target {
        token: TokenId(5),
        minus: Some(TokenId(9)),
    };
    match kind {
        AskKind::Candidates => Ask::Candidates {
            at,
            wanted: wanted(),
        },
        AskKind::Joint => Ask::Joint {
            at,
            wanted: wanted(),
        },
        AskKind::Relens => Ask::Relens,
        AskKind::PromptColumns => Ask::PromptColumns,
        AskKind::Predictions => Ask::Predictions { at, top_k: 20 },
        AskKind::Attribution => Ask::Attribution { at, target },
        AskKind::Heads => Ask::Heads {
            at,
            target,
            layer: Layer(1),
        },
        AskKind::Follow => Ask::Follow {
            tokens: tokens.to_vec(),
            from: Step(0),
        },
    }
}

/// Answers a question of each kind about a run, at its first position, in its prompt and at its
/// newest one.
fn look(session: &mut Session, run: RunId, kinds: &[AskKind]) {
    let read = session.states(run).unwrap().len();
    for at in [1, 3, read.saturating_sub(1), read] {
        for kind in kinds {
            if at == 0 || at > read {
                continue;
            }
            let ask = ask(*kind, Position(at), &[TokenId(5), TokenId(300)]);
            let lens = LensKind::Normed;
            session
                .answer(&Question {
                    run,
                    lens,
                    rows: Rows::Layers,
                    ask,
                })
                .unwrap();
        }
    }
}

/// Makes a run; `look` is called before each of its steps, and after the last.
fn finish(
    session: &mut Session,
    run: RunRequest,
    mut look: impl FnMut(&mut Session),
) -> Vec<Column> {
    session.begin(run).unwrap();
    let mut columns = Vec::new();
    loop {
        match session.advance(&|| true).unwrap() {
            Progress::Prompt { .. } => {}
            Progress::Step { column, .. } => columns.push(column),
            Progress::Finished { .. } => return columns,
        }
        look(session);
    }
}

/// A run that nobody looked at, in a session of its own.
fn undisturbed(name: &str, run: RunRequest) -> (String, Vec<u32>) {
    let mut session = session(name);
    let id = run.id;
    let columns = finish(&mut session, run, |_| {});
    bits(&columns, &session, id)
}

#[test]
fn a_question_of_each_kind_leaves_the_run_as_it_was() {
    for name in FIXTURES {
        let expected = undisturbed(name, run(1, PROMPT));
        for kind in AskKind::iter() {
            let mut session = session(name);
            let columns = finish(&mut session, run(1, PROMPT), |session| {
                look(session, RunId(1), &[kind]);
            });
            assert_eq!(
                bits(&columns, &session, RunId(1)),
                expected,
                "{name}: {kind:?}"
            );
        }
    }
}

#[test]
fn all_questions_at_once_about_several_runs_leave_the_run_as_it_was() {
    let kinds: Vec<AskKind> = AskKind::iter().collect();
    for name in FIXTURES {
        let expected = undisturbed(name, run(4, PROMPT));
        let mut session = session(name);
        // The same prompt, one that shares its beginning, and one in a changed network.
        finish(&mut session, run(1, PROMPT), |_| {});
        finish(&mut session, run(2, "The keys to the table"), |_| {});
        let ablation = Ablation {
            layer: Layer(1),
            part: AblatedPart::FeedForward,
        };
        let patch = ActivationPatch {
            row: Row::Layer(Layer(0)),
            into: Position(2),
            from_run: RunId(1),
            from: Position(3),
        };
        let changed = RunRequest {
            interventions: vec![Intervention::Ablation(ablation), Intervention::Patch(patch)],
            ..run(3, PROMPT)
        };
        finish(&mut session, changed, |session| {
            look(session, RunId(3), &kinds);
        });
        let columns = finish(&mut session, run(4, PROMPT), |session| {
            for of in [3, 4, 1, 2, 4] {
                look(session, RunId(of), &kinds);
            }
        });
        assert_eq!(bits(&columns, &session, RunId(4)), expected, "{name}");
    }
}

/// What a session has read before does not change in which pieces a run is read.
#[test]
fn a_run_is_the_same_whatever_was_run_before() {
    for name in FIXTURES {
        let longer = "The keys to the cabinet are on the table of the doctor";
        let expected = undisturbed(name, run(3, longer));
        let mut session = session(name);
        finish(&mut session, run(1, PROMPT), |_| {});
        let forced = RunRequest {
            continuation: Continuation::Text(" are on the table".into()),
            ..run(2, PROMPT)
        };
        finish(&mut session, forced, |_| {});
        let columns = finish(&mut session, run(3, longer), |_| {});
        assert_eq!(bits(&columns, &session, RunId(3)), expected, "{name}");
    }
}

/// A run in a changed network goes on in it.
#[test]
fn a_changed_run_that_is_looked_at_stays_changed() {
    let ablation = Ablation {
        layer: Layer(2),
        part: AblatedPart::Attention,
    };
    let changed = || RunRequest {
        interventions: vec![Intervention::Ablation(ablation)],
        ..run(2, PROMPT)
    };
    let kinds: Vec<AskKind> = AskKind::iter().collect();
    let expected = undisturbed("llama", changed());
    let mut session = session("llama");
    finish(&mut session, run(1, PROMPT), |_| {});
    let columns = finish(&mut session, changed(), |session| {
        look(session, RunId(1), &kinds);
        look(session, RunId(2), &kinds);
    });
    assert_eq!(bits(&columns, &session, RunId(2)), expected);
}
