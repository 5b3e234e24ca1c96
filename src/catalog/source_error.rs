//! Why one source gave nothing, in one line: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::Sha256Sum;

/// Why one source gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It was cancelled; never shown as a reason.
    #[error("cancelled")]
    Cancelled,

    /// The network must not be used.
    #[error("not in the cache {}, and HF_HUB_OFFLINE forbids the network", .cache.display())]
    Offline {
        /// The hub cache.
        cache: PathBuf,
    },
    /// `HF_ENDPOINT` is wrong.
    #[error("HF_ENDPOINT `{endpoint}` is no web address: {why}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection.
    #[error("{endpoint} cannot be reached: {why}")]
    Unreachable {
        /// The hub's address.
        endpoint: String,
        /// What the system said.
        why: String,
    },
    /// A server, or pip, sent nothing for too long.
    #[error("{who} gave no sign of life for {seconds} s")]
    Stalled {
        /// Who was silent.
        who: String,
        /// For how long.
        seconds: f64,
    },
    /// No such repository.
    #[error(
        "{endpoint} has no repository {repo}; if it is private, set HF_TOKEN to a token that may read it"
    )]
    NoRepository {
        /// The hub's address.
        endpoint: String,
        /// The repository as `org/name`.
        repo: String,
    },
    /// No such revision.
    #[error("{repo} has no revision `{revision}`")]
    NoRevision {
        /// The repository as `org/name`.
        repo: String,
        /// What was asked for.
        revision: String,
    },
    /// No such file.
    #[error("{repo} has no file {file} at revision {revision}")]
    NoFile {
        /// The repository as `org/name`.
        repo: String,
        /// What was asked for.
        revision: String,
        /// The path that was asked for.
        file: String,
    },
    /// A repository whose licence must be accepted.
    #[error(
        "{repo} is gated: accept its licence at {endpoint}/{repo}, then set HF_TOKEN to a token of that account"
    )]
    Gated {
        /// The hub's address.
        endpoint: String,
        /// The repository as `org/name`.
        repo: String,
    },
    /// A repository that asks for a login.
    #[error(
        "{endpoint} does not let us read {repo} (HTTP {status}): set HF_TOKEN to a valid token that may read it, and accept its licence if {endpoint}/{repo} asks for that"
    )]
    NoAccess {
        /// The hub's address.
        endpoint: String,
        /// The repository as `org/name`.
        repo: String,
        /// 401 or 403.
        status: u16,
    },
    /// Too many requests.
    #[error("{endpoint} has had too many requests from here: wait {}, or set HF_TOKEN for a higher limit", wait(*.seconds))]
    RateLimited {
        /// The hub's address.
        endpoint: String,
        /// How long to wait, where the hub said so.
        seconds: Option<u64>,
    },
    /// Any other answer.
    #[error("{endpoint} answered HTTP {status}: try again later")]
    Status {
        /// The hub's address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that makes no sense.
    #[error("{endpoint} gave an answer that is not understood: {why}")]
    Answer {
        /// The hub's address.
        endpoint: String,
        /// What was wrong with it.
        why: String,
    },
    /// A repository without weights that can be read.
    #[error(
        "{repo} has no model.safetensors, no pytorch_model.bin, no index of either and no .gguf file that can be read"
    )]
    NoWeights {
        /// The repository as `org/name`.
        repo: String,
    },
    /// A repository of an adapter.
    #[error(
        "{repo} holds a PEFT adapter, not a model of its own; merge it into its base model (merge_and_unload in PEFT) and give the folder that this is saved to"
    )]
    Adapter {
        /// The repository as `org/name`.
        repo: String,
    },

    /// There is no Python.
    #[error("{program} was not found; with Python 3 and pip installed this source can be used")]
    NoPython {
        /// The Python command that was tried, for example `python3`.
        program: String,
    },
    /// There is no pip.
    #[error("{program} has no pip; with pip installed this source can be used")]
    NoPip {
        /// The Python command that was tried, for example `python3`.
        program: String,
    },
    /// pip failed.
    #[error("pip could not download {requirement}: {why}")]
    Pip {
        /// Package and version.
        requirement: String,
        /// pip's own reason.
        why: String,
    },
    /// A wheel that is damaged, or of other content.
    #[error("the wheel {wheel} cannot be used: {why}")]
    Wheel {
        /// The wheel's file name.
        wheel: String,
        /// What is wrong with it.
        why: String,
    },

    /// A connection that broke.
    #[error("the connection broke after {bytes} of {total} bytes of {file} ({why}): try again")]
    Broken {
        /// Its path within the repository or the package.
        file: String,
        /// Bytes that came.
        bytes: u64,
        /// Bytes in all.
        total: u64,
        /// What the system said.
        why: String,
    },
    /// A file of the wrong length.
    #[error("{file} has {found} bytes instead of {expected}; the damaged file was not kept")]
    WrongSize {
        /// Its path within the repository or the package.
        file: String,
        /// Bytes as announced.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// A file of the wrong content.
    #[error("{file} has checksum {found} instead of {expected}; the damaged file was not kept")]
    WrongChecksum {
        /// Its path within the repository or the package.
        file: String,
        /// As the catalog or the hub says.
        expected: Sha256Sum,
        /// The checksum of the file as it is.
        found: Sha256Sum,
    },
    /// A file of somebody else's cache that is damaged.
    #[error("{} is damaged: it has checksum {found} instead of {expected}", .path.display())]
    DamagedCache {
        /// The file's path, as it was given.
        path: PathBuf,
        /// As the catalog says.
        expected: Sha256Sum,
        /// The checksum of the file as it is.
        found: Sha256Sum,
    },

    /// The disk is full.
    #[error("the disk of {} is full: make room, or set {variable} to a folder elsewhere", .folder.display())]
    DiskFull {
        /// Where it was written to.
        folder: PathBuf,
        /// The environment variable that moves that folder.
        variable: &'static str,
    },
    /// No permission.
    #[error("cannot write to {}: {why}; set {variable} to a folder that can be written", .folder.display())]
    NotWritable {
        /// Where it was to be written to.
        folder: PathBuf,
        /// The environment variable that moves that folder.
        variable: &'static str,
        /// What the system said.
        why: io::Error,
    },
    /// Any other fault of the file system.
    #[error("{}: {why}", .folder.display())]
    Io {
        /// The file or folder that was being used.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

fn wait(seconds: Option<u64>) -> String {
    seconds.map_or("some minutes".to_owned(), |seconds| format!("{seconds} s"))
}

impl SourceError {
    /// What an error while writing in `folder` means; `variable` names the environment variable
    /// that moves the folder. An `Interrupted` error stands for a cancellation.
    pub(super) fn io(why: io::Error, folder: &Path, variable: &'static str) -> Self {
        use io::ErrorKind as Kind;
        let folder = folder.to_owned();
        match why.kind() {
            Kind::Interrupted => Self::Cancelled,
            Kind::StorageFull | Kind::QuotaExceeded => Self::DiskFull { folder, variable },
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem | Kind::NotADirectory => {
                Self::NotWritable {
                    folder,
                    variable,
                    why,
                }
            }
            _ => Self::Io { folder, why },
        }
    }
}
