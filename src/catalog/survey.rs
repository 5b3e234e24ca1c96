//! Every model that can be chosen: recent ones, the catalog, and what the hub cache holds.
//! Looks at names and sizes on disk only; no weights are read.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::{Catalog, CheckpointFiles, HubRef, ModelRef, Places, Recent, find, hub};

/// What a weight takes at most, in float32.
const BYTES_A_PARAMETER: u64 = 4;

/// Where a model's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In our own store, or at the path that it is named by.
    OnDisk,
    /// In the hub cache.
    HubCache,
    /// They have to be fetched first.
    NotHere,
}

/// Whether a model fits into the memory that is available now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It needs more.
    TooLarge,
    /// What it needs or what there is is not known.
    Unknown,
}

/// One model that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// What is loaded: a catalog name, a hub id or a path.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The decoder family, where it is known before loading.
    pub family: Option<String>,
    /// Number of parameters, where it is known before loading.
    pub parameters: Option<u64>,
    /// Size of the files in bytes, where it is known.
    pub size: Option<u64>,
    /// Where the files are.
    pub whereabouts: Whereabouts,
    /// Memory that it needs in bytes: as much as its files, since weights are held as they are
    /// stored; four a parameter where the files are not known.
    pub memory: Option<u64>,
    /// Whether that is available now.
    pub fit: Fit,
}

/// Every model that can be chosen: recent ones first, newest first, then the catalog in its own
/// order, then the rest of the hub cache by name. None comes twice.
#[must_use]
pub fn survey(catalog: &Catalog, places: &Places, recent: &Recent) -> Vec<ModelEntry> {
    let available = available_memory();
    let catalogued = catalog.entries().iter().map(|entry| entry.name.clone());
    // What an entry of the catalog already stands for.
    let covered: HashSet<String> = catalog
        .entries()
        .iter()
        .flat_map(|entry| entry.sources.iter().filter_map(super::Source::hub))
        .map(|id| id.repo)
        .collect();
    let cached = hub::cached_repositories(&places.hub);
    let cached = cached.into_iter().filter(|repo| !covered.contains(repo));
    let mut seen = HashSet::new();
    recent
        .names()
        .into_iter()
        .chain(catalogued)
        .chain(cached)
        .filter(|name| seen.insert(name.clone()))
        .filter_map(|name| entry(name, catalog, places, available))
        .collect()
}

/// `None` for a path where nothing is any more, and for what is no model of the hub cache.
fn entry(
    name: String,
    catalog: &Catalog,
    places: &Places,
    available: Option<u64>,
) -> Option<ModelEntry> {
    let reference = ModelRef::parse(&name, catalog).ok()?;
    let found = find(&reference, catalog, places);
    let known = match &reference {
        ModelRef::Entry(name) => catalog.entry(name),
        _ => None,
    };
    let whereabouts = match &found {
        Some(checkpoint) if checkpoint.files.path().starts_with(&places.hub.cache) => {
            Whereabouts::HubCache
        }
        Some(_) => Whereabouts::OnDisk,
        None => Whereabouts::NotHere,
    };
    if known.is_none() && whereabouts == Whereabouts::NotHere {
        return None;
    }
    let parameters = known.and_then(|entry| entry.parameters);
    let size = known
        .and_then(super::Entry::size_bytes)
        .or_else(|| size_of(&found?.files));
    let in_float32 = parameters.map(|parameters| parameters.saturating_mul(BYTES_A_PARAMETER));
    let memory = size.or(in_float32);
    Some(ModelEntry {
        title: known.map_or_else(|| name.clone(), |entry| entry.title.clone()),
        family: known.map(|entry| entry.family.clone()),
        parameters,
        size,
        whereabouts,
        memory,
        fit: fit(memory, available),
        name,
    })
}

fn fit(needed: Option<u64>, available: Option<u64>) -> Fit {
    match (needed, available) {
        (Some(needed), Some(available)) if needed <= available => Fit::Fits,
        (Some(_), Some(_)) => Fit::TooLarge,
        _ => Fit::Unknown,
    }
}

/// Bytes of the file, or of the files directly in the folder.
fn size_of(files: &CheckpointFiles) -> Option<u64> {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file);
    match files {
        CheckpointFiles::Gguf(path) => length(path).map(|file| file.len()),
        CheckpointFiles::Folder(folder) => {
            let files = fs::read_dir(folder).ok()?.flatten();
            Some(
                files
                    .filter_map(|file| length(&file.path()))
                    .map(|file| file.len())
                    .sum(),
            )
        }
    }
}

/// Bytes that can be taken without swapping, where the system says so.
fn available_memory() -> Option<u64> {
    available_in(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The repository that a folder of the hub cache is named for.
pub(super) fn repository_of(folder: &str) -> Option<String> {
    let (owner, name) = folder.strip_prefix("models--")?.split_once("--")?;
    let repo = format!("{owner}/{name}");
    HubRef::parse(&repo).map(|id| id.repo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_compared_with_what_is_available() {
        assert_eq!(fit(Some(4), Some(4)), Fit::Fits);
        assert_eq!(fit(Some(5), Some(4)), Fit::TooLarge);
        assert_eq!(fit(None, Some(4)), Fit::Unknown);
        assert_eq!(fit(Some(5), None), Fit::Unknown);
    }

    #[test]
    fn available_memory_is_read_in_kibibytes() {
        let text = "MemTotal:  9 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(available_in(text), Some(2 * 1024 * 1024));
        assert_eq!(available_in("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn only_folders_of_models_name_a_repository() {
        assert_eq!(repository_of("models--org--name"), Some("org/name".into()));
        for other in ["datasets--org--name", "models--gpt2", ".locks"] {
            assert_eq!(repository_of(other), None, "{other}");
        }
    }
}
