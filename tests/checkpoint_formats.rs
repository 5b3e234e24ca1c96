//! The same weights in every kind of file give the same figures: the reference's own where no
//! precision is lost, and those of the rounded weights where some is. Every fixture is converted
//! while the tests run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod made;
mod reference;

#[path = "checkpoint_formats/as_stored.rs"]
mod as_stored;
#[path = "checkpoint_formats/folders.rs"]
mod folders;
#[path = "checkpoint_formats/gguf.rs"]
mod gguf;
#[path = "checkpoint_formats/heads.rs"]
mod heads;
#[path = "checkpoint_formats/older_gguf.rs"]
mod older_gguf;
#[path = "checkpoint_formats/per_layer.rs"]
mod per_layer;
#[path = "checkpoint_formats/precision.rs"]
mod precision;
#[path = "checkpoint_formats/pytorch.rs"]
mod pytorch;
#[path = "checkpoint_formats/wrapped.rs"]
mod wrapped;

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, RunRequest, Session};
use lenscape::run::{RunId, Sampling};
use lenscape::trace::{Column, LensKind};
use made::Copy;
use rayon::prelude::*;
use reference::Golden;

/// Holds a checkpoint made from the fixture `name` against the reference.
fn check(name: &str, files: &CheckpointFiles) {
    Golden::read(&made::fixture(name).join("golden.json")).check(files);
}

fn folder(copy: &Copy) -> CheckpointFiles {
    CheckpointFiles::Folder(copy.path().to_owned())
}

/// Does the same with the name of every fixture.
fn of_every_fixture(f: impl Fn(&str) + Sync) {
    made::fixtures().par_iter().for_each(|name| f(name));
}

/// Eight generated tokens with all their cells.
fn columns(files: &CheckpointFiles) -> Vec<Column> {
    generated(&mut reference::session(files))
}

fn generated(session: &mut Session) -> Vec<Column> {
    session
        .begin(RunRequest {
            id: RunId(1),
            prompt: "The keys to the cabinet".into(),
            max_tokens: 8,
            sampling: Sampling::default(),
            lens: LensKind::Normed,
            ..RunRequest::default()
        })
        .unwrap();
    let mut columns = Vec::new();
    loop {
        match session.advance(&|| true).unwrap() {
            Progress::Prompt { .. } => {}
            Progress::Step { column, .. } => columns.push(column),
            Progress::Finished { .. } => return columns,
        }
    }
}
