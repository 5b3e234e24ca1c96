//! What other lenses got wrong, each as a rule that must hold here.

use std::fs;
use std::path::Path;

use crate::reference;
use candle_core::{Device, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, RunRequest, Session};
use lenscape::model;
use lenscape::run::{RunId, Sampling, StopReason};
use lenscape::trace::{Column, LensKind, Step};
use serde_json::Value;

const PROMPT: &str = "The keys to the cabinet";

/// The folder of a fixture.
fn files(name: &str) -> CheckpointFiles {
    CheckpointFiles::Folder(reference::fixture(name))
}

/// A copy of a fixture that a test may change.
fn copy_of(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(reference::fixture(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

fn open(folder: &Path) -> Session {
    reference::session(&CheckpointFiles::Folder(folder.to_owned()))
}

fn request(id: u64, prompt: &str, max_tokens: usize) -> RunRequest {
    RunRequest {
        id: RunId(id),
        prompt: prompt.to_owned(),
        max_tokens,
        sampling: Sampling::default(),
        lens: LensKind::Normed,
        ..RunRequest::default()
    }
}

/// All columns of a run, and why it ended.
fn finish(session: &mut Session, run: RunRequest) -> (Vec<Column>, StopReason) {
    session.begin(run).unwrap();
    let mut columns = Vec::new();
    loop {
        match session.advance(&|| true).unwrap() {
            Progress::Prompt { .. } => {}
            Progress::Step { column, .. } => columns.push(column),
            Progress::Finished { reason, .. } => return (columns, reason),
        }
    }
}

fn ranks(columns: &[Column]) -> Vec<Vec<u32>> {
    columns
        .iter()
        .map(|column| column.layers.values().map(|cell| cell.score.rank).collect())
        .collect()
}

#[test]
fn the_greedy_choice_has_rank_one_at_the_last_layer_under_both_lenses() {
    for name in reference::FIXTURES {
        let mut session = reference::session(&files(name));
        let (normed, _) = finish(&mut session, request(1, PROMPT, 6));
        let raw = session.relens(RunId(1), LensKind::Raw).unwrap();
        for (normed, raw) in normed.iter().zip(&raw) {
            let (normed, raw) = (normed.layers.last().unwrap(), raw.layers.last().unwrap());
            assert_eq!(normed.score.rank, 1, "{name}");
            assert_eq!(
                normed.score, raw.score,
                "{name}: the last row is the model's own"
            );
            assert_eq!(
                normed.kl, 0.0,
                "{name}: the last row is at no distance from itself"
            );
        }
    }
}

#[test]
fn sampling_settings_never_touch_the_lens() {
    // A session each: positions that are run again alone round differently.
    let open = || reference::session(&files("llama"));
    let (greedy, _) = finish(&mut open(), request(1, PROMPT, 1));
    let mut sampled = request(1, PROMPT, 1);
    sampled.sampling = Sampling {
        temperature: 3.0,
        top_k: Some(300),
        top_p: Some(0.99),
        repeat_penalty: 4.0,
        seed: 5,
    };
    let (sampled, _) = finish(&mut open(), sampled);
    assert_ne!(
        greedy[0].token, sampled[0].token,
        "the draw must differ for this to show"
    );
    for (a, b) in greedy[0].layers.values().zip(sampled[0].layers.values()) {
        assert_eq!((a.entropy, a.kl, &a.top), (b.entropy, b.kl, &b.top));
    }
}

#[test]
fn a_sampled_token_need_not_have_rank_one() {
    let mut session = reference::session(&files("llama"));
    let mut run = request(1, PROMPT, 12);
    run.sampling.temperature = 5.0;
    let (columns, _) = finish(&mut session, run);
    assert!(
        columns
            .iter()
            .any(|column| column.layers.last().unwrap().score.rank > 1)
    );
}

#[test]
fn a_padded_vocabulary_is_neither_drawn_nor_listed() {
    const ENTRIES: u64 = 300;
    let folder = copy_of("llama");
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let vocab = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    vocab.retain(|_, id| id.as_u64().unwrap() < ENTRIES);
    let kept: std::collections::HashSet<String> = vocab.keys().cloned().collect();
    let merges = tokenizer["model"]["merges"].as_array_mut().unwrap();
    merges.retain(|merge| {
        let parts: Vec<&str> = merge
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p.as_str().unwrap())
            .collect();
        kept.contains(&parts.concat())
    });
    fs::write(&path, tokenizer.to_string()).unwrap();

    let mut session = open(folder.path());
    let mut run = request(1, PROMPT, 40);
    run.sampling.temperature = 2.0;
    let (columns, _) = finish(&mut session, run);
    for column in &columns {
        assert!(u64::from(column.token.0) < ENTRIES);
        for cell in column.layers.values() {
            assert_eq!(cell.top.len(), 5);
            assert!(cell.top.iter().all(|(id, _)| u64::from(id.0) < ENTRIES));
        }
    }
}

/// Replaces one tensor of a fixture's copy.
fn replace(folder: &Path, name: &str, change: impl Fn(&Tensor) -> Tensor) {
    let path = folder.join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let changed = change(&tensors[name]);
    tensors.insert(name.to_owned(), changed);
    candle_core::safetensors::save(&tensors, &path).unwrap();
}

#[test]
fn what_is_not_a_number_is_an_error_and_no_rank() {
    let folder = copy_of("llama");
    replace(
        folder.path(),
        "model.layers.2.mlp.down_proj.weight",
        |weight| weight.affine(f64::NAN, 0.0).unwrap(),
    );
    let mut session = open(folder.path());
    session.begin(request(1, PROMPT, 1)).unwrap();
    session.advance(&|| true).unwrap();
    assert_eq!(
        session.advance(&|| true).unwrap_err().to_string(),
        "L2: a logit is not a finite number; the weights may be damaged"
    );
    assert!(!session.is_running());
}

#[test]
fn scaling_a_state_changes_no_rank_under_the_norm() {
    // The first block's output is scaled up by its own projections; the RMS norm takes its
    // statistics from each row, so only the direction of a state counts.
    let folder = copy_of("llama");
    replace(folder.path(), "model.norm.weight", |weight| {
        weight.affine(8.0, 0.0).unwrap()
    });
    let mut scaled = open(folder.path());
    let mut plain = reference::session(&files("llama"));
    let (scaled, _) = finish(&mut scaled, request(1, PROMPT, 4));
    let (plain, _) = finish(&mut plain, request(1, PROMPT, 4));
    assert_eq!(ranks(&scaled), ranks(&plain));
}

#[test]
fn cached_and_uncached_positions_have_the_same_cells() {
    for name in reference::FIXTURES {
        let mut session = reference::session(&files(name));
        let (cached, _) = finish(&mut session, request(1, PROMPT, 8));
        for (s, column) in cached.iter().enumerate() {
            let mut fresh =
                model::load(&files(name), &Device::Cpu, model::Dtype::Auto, &|_, _| {}).unwrap();
            let mut text = fresh.tokenizer.encode(PROMPT).unwrap();
            text.extend(cached[..s].iter().map(|column| column.token));
            let uncached = reference::uncached_column(&mut fresh, &text, column.token);
            assert_eq!(
                ranks(std::slice::from_ref(column)),
                ranks(&[uncached]),
                "{name} step {s}"
            );
        }
    }
}

#[test]
fn a_run_that_shares_its_beginning_with_the_last_one_gives_the_same_cells() {
    let mut used = reference::session(&files("mistral"));
    finish(
        &mut used,
        request(1, "The keys to the cabinet are on the", 6),
    );
    let (again, _) = finish(&mut used, request(2, "The keys to the table", 6));
    let (fresh, _) = finish(
        &mut reference::session(&files("mistral")),
        request(1, "The keys to the table", 6),
    );
    assert_eq!(ranks(&again), ranks(&fresh));
}

#[test]
fn a_run_that_was_stopped_half_way_leaves_no_trace_in_the_next() {
    let mut session = reference::session(&files("qwen2"));
    session.begin(request(1, PROMPT, 6)).unwrap();
    session.advance(&|| true).unwrap();
    session.advance(&|| true).unwrap();
    let looks = std::cell::Cell::new(0);
    let stopped = session
        .advance(&|| {
            looks.set(looks.get() + 1);
            looks.get() < 3
        })
        .unwrap();
    assert!(matches!(
        stopped,
        Progress::Finished {
            reason: StopReason::Stopped,
            ..
        }
    ));
    let (again, _) = finish(&mut session, request(2, PROMPT, 6));
    let (fresh, _) = finish(
        &mut reference::session(&files("qwen2")),
        request(1, PROMPT, 6),
    );
    assert_eq!(ranks(&again), ranks(&fresh));
}

#[test]
fn a_run_ends_where_the_context_does() {
    let mut session = reference::session(&files("gpt2"));
    let prompt = session.begin(request(1, PROMPT, 0)).unwrap().len();
    let (columns, reason) = finish(&mut session, request(2, PROMPT, 1000));
    assert_eq!(reason, StopReason::ContextFull);
    // The last position can still be predicted from; its token cannot be attended to.
    assert_eq!(prompt + columns.len(), session.info().context_length + 1);
}

#[test]
fn a_run_ends_at_the_end_of_text() {
    let folder = copy_of("llama");
    // The second greedy token of the reference is 247.
    for name in ["config.json", "generation_config.json"] {
        let path = folder.path().join(name);
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["eos_token_id"] = 247.into();
        fs::write(&path, config.to_string()).unwrap();
    }
    let (columns, reason) = finish(&mut open(folder.path()), request(1, PROMPT, 9));
    assert_eq!(reason, StopReason::EndOfText);
    assert_eq!(
        columns.iter().map(|c| c.token.0).collect::<Vec<_>>(),
        [125, 247]
    );
}

#[test]
fn candidates_are_answered_from_kept_states_at_any_position() {
    let mut session = reference::session(&files("gpt2"));
    let (columns, _) = finish(&mut session, request(1, PROMPT, 5));
    let seen = |session: &Session, step| {
        session
            .compare(
                RunId(1),
                LensKind::Normed,
                session.position(RunId(1), Step(step)).unwrap(),
                &[" is".into(), " are".into()],
            )
            .map(|comparison| comparison.trajectories.len())
    };
    for step in 0..columns.len() {
        assert_eq!(seen(&session, step).unwrap(), 2);
    }
    let position = session.position(RunId(1), Step(5)).unwrap().0;
    assert_eq!(
        seen(&session, 5).unwrap_err().to_string(),
        format!("no states are kept that predict position {position}; generate again")
    );
}

#[test]
fn an_empty_prompt_and_one_that_is_too_long_are_refused() {
    let mut session = reference::session(&files("gpt2"));
    let refused = |session: &mut Session, prompt: &str| {
        session
            .begin(request(1, prompt, 1))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(&mut session, ""),
        "the prompt is empty and this tokenizer adds no start token; type at least one character"
    );
    let long = refused(&mut session, &"key ".repeat(300));
    assert!(long.contains("the model can attend to 128 only"), "{long}");
}
