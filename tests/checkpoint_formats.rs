//! The same weights in every kind of file give the same figures: the reference's own where no
//! precision is lost, and those of the rounded weights where some is. Every fixture is converted
//! while the tests run.

mod as_stored;
mod folders;
mod gguf;
mod heads;
mod older_gguf;
mod per_layer;
mod precision;
mod pytorch;
mod wrapped;

use crate::made::{self, Copy};
use crate::reference::{self, Golden};
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, RunRequest, Session};
use lenscape::run::{RunId, Sampling};
use lenscape::trace::{Column, LensKind};
use rayon::prelude::*;

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
