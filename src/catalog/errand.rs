//! What a source is given when it is to bring files.

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{ModelSources, Report, Sha256Sum, Shards};

/// What every source needs to do its work.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) places: &'a ModelSources,
    pub(super) report: &'a Report<'a>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) runtime: &'a Runtime,
    pub(super) shards: Shards,
}

/// The one file that an entry stands for.
#[derive(Clone, Copy)]
pub(super) struct EntryFile<'a> {
    /// The entry's name.
    pub(super) model: &'a str,
    /// The file's name in the store.
    pub(super) file: &'a str,
    pub(super) size: u64,
    pub(super) sha256: Sha256Sum,
}
