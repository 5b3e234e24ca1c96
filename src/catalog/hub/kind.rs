//! The kinds of repositories that the hub has.

use hf_hub::RepoTypeAny;

/// The kinds of repositories that files are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoKind {
    /// Models.
    Model,
    /// Spaces: programs that run on the hub, with what they need.
    Space,
}

impl RepoKind {
    /// As addresses and the names of folders have it.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Space => "spaces",
        }
    }

    /// As the client has it.
    pub(super) fn of_client(self) -> RepoTypeAny {
        match self {
            Self::Model => RepoTypeAny::Model,
            Self::Space => RepoTypeAny::Space,
        }
    }
}
