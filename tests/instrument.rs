//! What can be asked of a run beside its ranks, on every fixture: attribution, forced text,
//! branches, interventions, prompt positions, joint probabilities.

use std::path::PathBuf;

use crate::reference;
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Answer, Ask, Question, RunRequest, Session};
use lenscape::lens::rounding::Rounding;
use lenscape::run::{ActivationPatch, CandidateRequest, Continuation, Intervention, RunId};
use lenscape::trace::{
    AblatedPart, Ablation, Column, HeadContributions, Layer, LensKind, LogitAttribution, Position,
    Row, Rows, Step, Target, TokenId,
};

const PROMPT: &str = "The keys to the cabinet";
const STEPS: usize = 4;

/// One session a fixture.
fn sessions() -> impl Iterator<Item = (String, Session)> {
    let fixtures = std::fs::read_dir(reference::fixture("gpt2").parent().unwrap()).unwrap();
    let mut folders: Vec<PathBuf> = fixtures.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
        .into_iter()
        // Of a trunk of several streams nothing that is tested here is defined: tests/mixers.rs holds
        // how it is refused.
        .filter(|path| path.is_dir() && !path.ends_with("gemma3n"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, reference::session(&CheckpointFiles::Folder(path)))
        })
}

fn run(id: u64) -> RunRequest {
    RunRequest {
        id: RunId(id),
        prompt: PROMPT.into(),
        max_tokens: STEPS,
        ..RunRequest::default()
    }
}

fn ask(session: &mut Session, ask: Ask) -> Answer {
    let question = Question {
        run: RunId(1),
        lens: LensKind::Normed,
        rows: Rows::Layers,
        ask,
    };
    session.answer(&question).unwrap()
}

fn attribution(session: &mut Session, at: usize, target: Target) -> LogitAttribution {
    let at = Position(at);
    match ask(session, Ask::Attribution { at, target }) {
        Answer::Attribution(attribution) => (*attribution).clone(),
        other => panic!("{other:?}"),
    }
}

fn heads(session: &mut Session, at: usize, target: Target, layer: Layer) -> HeadContributions {
    let at = Position(at);
    match ask(session, Ask::Heads { at, target, layer }) {
        Answer::Heads(shares) => (*shares).clone(),
        other => panic!("{other:?}"),
    }
}

fn tokens(columns: &[Column]) -> Vec<TokenId> {
    columns.iter().map(|column| column.token).collect()
}

#[test]
fn the_parts_and_the_bias_add_up_to_the_final_logit() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let other = TokenId(columns[0].token.0 ^ 1);
        for (s, column) in columns.iter().enumerate() {
            for minus in [None, Some(other)] {
                let target = Target {
                    token: column.token,
                    minus,
                };
                let split = attribution(&mut session, prompt.len() + s, target);
                let off = (split.sum() - split.logit).abs();
                assert!(off < 1e-3, "{name} step {s}: {off} of {}", split.logit);
                assert_eq!(split.layers.len(), column.layers.len(), "{name}");
            }
        }
    }
}

#[test]
fn the_split_logit_is_that_of_the_grid() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let target = Target {
            token: columns[0].token,
            minus: None,
        };
        let split = attribution(&mut session, prompt.len(), target);
        for (row, (cell, logit)) in columns[0].cells().zip(&split.rows).enumerate() {
            let off = (cell.score.logit - logit.unwrap()).abs();
            assert!(off < 1e-3, "{name} row {row}: {off}");
        }
    }
}

/// The split by heads is one of its own: its sum has to be what the split by parts has.
#[test]
fn the_heads_and_the_bias_add_up_to_the_attention() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let target = Target {
            token: columns[0].token,
            minus: None,
        };
        let split = attribution(&mut session, prompt.len(), target);
        for layer in (0..columns[0].layers.len()).map(Layer) {
            let shares = heads(&mut session, prompt.len(), target, layer);
            let attention = split.layers[layer.0].attention;
            let sum = shares.heads.iter().sum::<f32>() + shares.bias;
            for found in [sum, shares.attention] {
                let off = (found - attention).abs();
                assert!(off < 1e-3, "{name} {layer}: {off} of {attention}");
            }
        }
    }
}

#[test]
fn forced_text_is_scored_as_if_it_had_been_generated() {
    for (name, mut session) in sessions() {
        let (_, generated) = session.complete(run(1)).unwrap();
        let forced = RunRequest {
            continuation: Continuation::Tokens(tokens(&generated)),
            max_tokens: 0,
            ..run(2)
        };
        let (_, forced) = session.complete(forced).unwrap();
        assert_eq!(forced, generated, "{name}");
    }
}

#[test]
fn a_forced_token_need_not_be_the_best_one() {
    for (name, mut session) in sessions() {
        let (_, generated) = session.complete(run(1)).unwrap();
        let other = TokenId(generated[0].token.0 ^ 1);
        let forced = RunRequest {
            continuation: Continuation::Tokens(vec![other]),
            max_tokens: 1,
            ..run(2)
        };
        let (_, forced) = session.complete(forced).unwrap();
        let last = forced[0].layers.last().unwrap();
        assert_eq!(forced[0].token, other, "{name}");
        assert!(last.score.rank > 1, "{name}");
        // The same states are read: what is best there stays best.
        assert_eq!(last.top, generated[0].layers.last().unwrap().top, "{name}");
    }
}

#[test]
fn a_branch_goes_on_from_a_changed_token() {
    for (name, mut session) in sessions() {
        let (_, generated) = session.complete(run(1)).unwrap();
        let mut given = tokens(&generated)[..1].to_vec();
        given.push(TokenId(generated[1].token.0 ^ 1));
        let branch = RunRequest {
            continuation: Continuation::Tokens(given.clone()),
            ..run(2)
        };
        let (_, branched) = session.complete(branch).unwrap();
        assert_eq!(branched[0], generated[0], "{name}");
        assert_eq!(tokens(&branched)[..2], given, "{name}");
        // A fresh session, without anything cached, makes the same tokens of it.
        let model = session.into_model();
        let mut fresh = Session::new(model, name.clone(), 5);
        let again = RunRequest {
            continuation: Continuation::Tokens(given),
            ..run(1)
        };
        let (_, fresh) = fresh.complete(again).unwrap();
        assert_eq!(tokens(&fresh), tokens(&branched), "{name}");
    }
}

#[test]
fn a_text_typed_at_a_branch_stands_behind_the_tokens_before() {
    for (name, mut session) in sessions() {
        let (_, generated) = session.complete(run(1)).unwrap();
        let branch = RunRequest {
            continuation: Continuation::Branch {
                tokens: vec![generated[0].token],
                text: " the".into(),
            },
            max_tokens: 0,
            ..run(2)
        };
        let (_, branched) = session.complete(branch).unwrap();
        assert_eq!(branched[0], generated[0], "{name}");
        assert_eq!(session.given_tokens(), branched.len(), "{name}");
        let typed = tokens(&branched[1..]);
        let bytes = typed.iter().map(|token| session.vocabulary().bytes(*token));
        assert_eq!(bytes.collect::<Vec<_>>().concat(), b" the", "{name}");
    }
}

#[test]
fn a_text_that_is_given_is_followed_to_its_end() {
    let path = reference::fixture("llama");
    let mut session = reference::session(&CheckpointFiles::Folder(path));
    let forced = RunRequest {
        continuation: Continuation::Text(" is on the table".into()),
        max_tokens: 0,
        ..run(1)
    };
    let (_, columns) = session.complete(forced).unwrap();
    let vocabulary = session.vocabulary().clone();
    let text: Vec<u8> = columns
        .iter()
        .flat_map(|column| vocabulary.bytes(column.token).to_vec())
        .collect();
    assert_eq!(String::from_utf8(text).unwrap(), " is on the table");
}

#[test]
fn patching_a_whole_trace_with_itself_changes_nothing() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let n_layers = columns[0].layers.len();
        let rows =
            std::iter::once(Row::Embedding).chain((0..n_layers).map(|l| Row::Layer(Layer(l))));
        let interventions = rows
            .flat_map(|row| {
                (0..prompt.len() + STEPS - 1).map(move |position| {
                    Intervention::Patch(ActivationPatch {
                        row,
                        into: Position(position),
                        from_run: RunId(1),
                        from: Position(position),
                    })
                })
            })
            .collect();
        let patched = RunRequest {
            interventions,
            ..run(2)
        };
        let (_, patched) = session.complete(patched).unwrap();
        assert_eq!(patched, columns, "{name}");
    }
}

#[test]
fn a_state_of_another_prompt_changes_what_follows_it_and_is_taken_back() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let other = RunRequest {
            prompt: "The key to the cabinets".into(),
            ..run(2)
        };
        session.complete(other).unwrap();
        let last = Layer(columns[0].layers.len() - 1);
        let at = Position(prompt.len() - 1);
        let patched = RunRequest {
            interventions: vec![Intervention::Patch(ActivationPatch {
                row: Row::Layer(last),
                into: at,
                from_run: RunId(2),
                from: Position(1),
            })],
            max_tokens: 1,
            ..run(3)
        };
        let (_, patched) = session.complete(patched).unwrap();
        // The last row is the state that was put there; those below are the run's own.
        let below = |column: &Column| {
            let below = column.layers.values().take(last.0);
            below.map(|c| c.top.clone()).collect::<Vec<_>>()
        };
        assert_eq!(below(&patched[0]), below(&columns[0]), "{name}");
        assert_ne!(
            patched[0].layers[last.0].top, columns[0].layers[last.0].top,
            "{name}"
        );
        let (_, again) = session.complete(run(4)).unwrap();
        assert_eq!(again, columns, "{name}");
    }
}

#[test]
fn a_skipped_block_leaves_the_stream_as_it_was() {
    for (name, mut session) in sessions() {
        let ablation = |part| {
            vec![Intervention::Ablation(Ablation {
                layer: Layer(1),
                part,
            })]
        };
        let (_, whole) = session.complete(run(1)).unwrap();
        let skipped = RunRequest {
            interventions: ablation(AblatedPart::Block),
            max_tokens: 1,
            ..run(2)
        };
        let (_, skipped) = session.complete(skipped).unwrap();
        let cells = &skipped[0].layers;
        // A norm behind the sum, as in post-norm models, still changes the stream.
        if !name.contains("post") {
            assert_eq!(cells[1].top, cells[0].top, "{name}");
        }
        assert_eq!(cells[0].top, whole[0].layers[0].top, "{name}");
        assert_ne!(cells[1].top, whole[0].layers[1].top, "{name}");
    }
}

#[test]
fn all_heads_silent_is_an_attention_of_its_bias_alone() {
    for (name, mut session) in sessions() {
        let n_heads = session.model().spec.blocks[0].heads().count;
        let layer = Layer(0);
        let silenced: Vec<Intervention> = (0..n_heads)
            .map(AblatedPart::Head)
            .map(|part| Intervention::Ablation(Ablation { layer, part }))
            .collect();
        let silent = RunRequest {
            interventions: silenced,
            max_tokens: 1,
            ..run(1)
        };
        let (prompt, columns) = session.complete(silent).unwrap();
        let target = Target {
            token: columns[0].token,
            minus: None,
        };
        let shares = heads(&mut session, prompt.len(), target, layer);
        assert!(shares.heads.iter().all(|share| *share == 0.0), "{name}");
        let split = attribution(&mut session, prompt.len(), target);
        let off = (split.layers[0].attention - shares.bias).abs();
        assert!(off < 1e-5, "{name}: {off}");
    }
}

#[test]
fn a_part_that_the_model_does_not_have_is_refused() {
    let path = reference::fixture("gpt2");
    let mut session = reference::session(&CheckpointFiles::Folder(path));
    let mut refused = |text: &str| {
        let ablation: Ablation = text.parse().unwrap();
        let run = RunRequest {
            interventions: vec![Intervention::Ablation(ablation)],
            ..run(1)
        };
        session.begin(run).unwrap_err().to_string()
    };
    assert!(refused("L99.attn").starts_with("the model has no L99; its layers are L0 to "));
    assert!(refused("L0.h99").starts_with("L0 has no head 99; it has "));
}

#[test]
fn the_prompt_is_predicted_as_a_forced_text_would_be() {
    for (name, mut session) in sessions() {
        let prompt = session.begin(run(2)).unwrap();
        // A run whose prompt is the first word, with the rest of the tokens forced behind it.
        let first = session
            .begin(RunRequest {
                prompt: "The".into(),
                ..run(3)
            })
            .unwrap();
        assert_eq!(first, prompt[..first.len()], "{name}");
        let forced = RunRequest {
            prompt: "The".into(),
            continuation: Continuation::Tokens(prompt[first.len()..].to_vec()),
            max_tokens: 0,
            ..run(4)
        };
        let (_, forced) = session.complete(forced).unwrap();
        session.complete(run(1)).unwrap();
        let answer = ask(&mut session, Ask::PromptColumns);
        let Answer::PromptColumns { first: at, columns } = answer else {
            panic!("no columns");
        };
        assert_eq!(at.0 + columns.len(), prompt.len(), "{name}");
        // The two were read in other passes, so that they agree as far as rounding goes.
        let rounding = Rounding::of(session.model(), prompt.len());
        for (column, forced) in columns.iter().rev().zip(forced.iter().rev()) {
            assert_eq!(column.token, forced.token, "{name}");
            for (l, (cell, other)) in (1..).zip(column.layers.values().zip(forced.layers.values()))
            {
                let best = cell.top.first().map_or(1.0, |(_, logit)| logit.abs());
                let off = (cell.score.logit - other.score.logit).abs();
                assert!(off <= rounding.bound(l, best), "{name} L{l}: {off}");
                assert_eq!(cell.score.rank, other.score.rank, "{name} L{l}");
            }
        }
    }
}

#[test]
fn a_joint_probability_is_the_product_along_the_forced_text() {
    for (name, mut session) in sessions() {
        let (prompt, _) = session.complete(run(1)).unwrap();
        let text = " is on";
        let forced = RunRequest {
            continuation: Continuation::Text(text.into()),
            max_tokens: 0,
            ..run(2)
        };
        let (_, columns) = session.complete(forced).unwrap();
        let product: f64 = columns
            .iter()
            .map(|column| f64::from(column.layers.last().unwrap().score.prob).ln())
            .sum();
        let at = Position(prompt.len());
        let wanted = vec![text.into()];
        let Answer::Joint(joint) = ask(&mut session, Ask::Joint { at, wanted }) else {
            panic!("no joint probability");
        };
        let off = (joint[0].clone().unwrap().0 - product).abs();
        assert!(off < 1e-4, "{name}: {off}");
    }
}

#[test]
fn a_token_is_followed_through_all_steps() {
    for (name, mut session) in sessions() {
        let (_, columns) = session.complete(run(1)).unwrap();
        let token = columns[0].token;
        let follow = |from| Ask::Follow {
            tokens: vec![token],
            from: Step(from),
        };
        let Answer::Follow { steps, .. } = ask(&mut session, follow(0)) else {
            panic!("not followed");
        };
        assert_eq!(steps.len(), columns.len(), "{name}");
        let first = &steps[0][0];
        for (score, cell) in first.iter().zip(columns[0].cells()) {
            assert_eq!(*score, Some(cell.score), "{name}");
        }
        let Answer::Follow {
            first,
            steps: newer,
        } = ask(&mut session, follow(1))
        else {
            panic!("not followed");
        };
        assert_eq!(first, Step(1), "{name}");
        assert_eq!(newer, steps[1..], "{name}");
    }
}

#[test]
fn a_candidate_can_be_named_by_its_id() {
    for (name, mut session) in sessions() {
        let (prompt, columns) = session.complete(run(1)).unwrap();
        let token = columns[0].token;
        let nobody = TokenId(u32::MAX);
        let wanted = vec![
            CandidateRequest::Token(token),
            CandidateRequest::Token(nobody),
        ];
        let at = Position(prompt.len());
        let Answer::Candidates(comparison) = ask(&mut session, Ask::Candidates { at, wanted })
        else {
            panic!("not compared");
        };
        let [Ok(found), Err(why)] = comparison.trajectories.as_slice() else {
            panic!("{name}: {:?}", comparison.trajectories);
        };
        assert_eq!(found.candidate.tokens, [token], "{name}");
        let embedding = columns[0].embedding.as_ref();
        assert_eq!(found.embedding, embedding.map(|cell| cell.score), "{name}");
        assert!(why.starts_with("there is no token #4294967295"), "{why}");
    }
}
