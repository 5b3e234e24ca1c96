//! Fitted lenses and saved states: what they say is what PyTorch computes of them, whatever does not
//! fit is refused by what is wrong with it, and the plain lens is a special case of each.

mod command;
mod exact;
mod states;
mod wrong;

use std::fs;
use std::path::{Path, PathBuf};

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{RunRequest, Session};
use lenscape::run::RunId;
use lenscape::trace::{Cell, Column, LensKind};
use serde::Deserialize;

use crate::reference;

/// The checkpoints that there are lenses of.
const NAMES: [&str; 3] = ["llama", "gpt2", "gemma2"];

const PROMPT: &str = "The keys to the cabinet";

/// What PyTorch computed.
#[derive(Deserialize)]
struct Golden {
    prompt_ids: Vec<u32>,
    tokens: Vec<u32>,
    /// For each step, rows L0 and up.
    jacobian: Vec<Vec<GoldenCell>>,
    /// For each step, row emb and up.
    tuned: Vec<Vec<GoldenCell>>,
    /// For each step, rows L0 and up, of the saved states.
    states: Vec<Vec<GoldenCell>>,
}

#[derive(Deserialize)]
struct GoldenCell {
    rank: u32,
    logit: f32,
    prob: f32,
    top: Vec<(u32, f32)>,
}

impl Golden {
    fn of(name: &str) -> Self {
        let text = fs::read_to_string(folder(name).join("golden.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// Where the lenses and states of a checkpoint are.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lenses")
        .join(name)
}

/// Where a fitted lens of a checkpoint is.
fn lens_of(name: &str, lens: LensKind) -> PathBuf {
    folder(name).join(match lens {
        LensKind::Tuned => "tuned",
        _ => "jacobian.pt",
    })
}

fn files(name: &str) -> CheckpointFiles {
    CheckpointFiles::Folder(reference::fixture(name))
}

/// A session whose model has the lens at `path`.
fn session_with(name: &str, lens: LensKind, path: &Path) -> Session {
    let mut session = reference::session(&files(name));
    session.read_lens(lens, path).unwrap();
    session
}

/// All columns of a run under a lens.
fn columns(session: &mut Session, lens: LensKind, max_tokens: usize) -> Vec<Column> {
    let run = RunRequest {
        id: RunId(1),
        prompt: PROMPT.into(),
        max_tokens,
        lens,
        ..RunRequest::default()
    };
    session.complete(run).unwrap().1
}

/// One row is what PyTorch says.
fn assert_same(found: &Cell, golden: &GoldenCell, place: &str) {
    assert_eq!(found.score.rank, golden.rank, "{place}: rank");
    reference::close(
        found.score.logit,
        golden.logit,
        1e-4,
        &format!("{place}: logit"),
    );
    reference::close(
        found.score.prob,
        golden.prob,
        1e-4,
        &format!("{place}: prob"),
    );
    let top: Vec<u32> = found.top.iter().map(|(id, _)| id.0).collect();
    let expected: Vec<u32> = golden.top.iter().map(|(id, _)| *id).collect();
    assert_eq!(top, expected, "{place}: best tokens");
    for ((_, found), (_, golden)) in found.top.iter().zip(&golden.top) {
        reference::close(
            *found,
            *golden,
            1e-4,
            &format!("{place}: a best token's logit"),
        );
    }
}
