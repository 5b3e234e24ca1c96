//! Every model that can be chosen: recent ones, the catalog, and what the hub cache holds.
//! Looks at names and sizes on disk only; no file of weights is opened.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::{Catalog, CheckpointFiles, HubRef, ModelRef, ModelSources, Recent, find, hub, split};

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

/// One model that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// What is loaded: a catalog name, a hub id or a path.
    pub name: String,
    /// What `name` means, in the form that all names of the same model have in common.
    pub reference: ModelRef,
    /// What people call it.
    pub title: String,
    /// The decoder family, where the catalog tells.
    pub family: Option<String>,
    /// Number of parameters, where the catalog tells.
    pub parameters: Option<u64>,
    /// Bytes of the files that are used, or what the catalog says where they are not here.
    pub size: Option<u64>,
    /// Where the files are.
    pub whereabouts: Whereabouts,
    /// The files, if they are here.
    pub files: Option<CheckpointFiles>,
}

/// Every model that can be chosen: recent ones first, newest first, then the catalog in its own
/// order, then the rest of the hub cache by name. None comes twice, whatever it is called.
#[must_use]
pub fn survey(catalog: &Catalog, places: &ModelSources, recent: &Recent) -> Vec<ListedModel> {
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
        .filter_map(|name| candidate(name, catalog, places))
        .filter(|candidate| seen.insert(candidate.reference.clone()))
        .collect()
}

/// `None` for a path where nothing is any more, and for what is no model of the hub cache.
fn candidate(name: String, catalog: &Catalog, places: &ModelSources) -> Option<ListedModel> {
    let reference = ModelRef::parse(&name, catalog).ok()?.canonical(catalog);
    let files = find(&reference, catalog, places).map(|found| found.files);
    let known = match &reference {
        ModelRef::Entry(name) => catalog.entry(name),
        _ => None,
    };
    let whereabouts = match &files {
        Some(files) if files.path().starts_with(&places.hub.cache) => Whereabouts::HubCache,
        Some(_) => Whereabouts::OnDisk,
        None if known.is_none() => return None,
        None => Whereabouts::NotHere,
    };
    let on_disk = files.as_ref().and_then(size_on_disk);
    Some(ListedModel {
        title: known.map_or_else(|| name.clone(), |entry| entry.title.clone()),
        family: known.map(|entry| entry.family.clone()),
        parameters: known.and_then(|entry| entry.parameters),
        size: on_disk.or_else(|| known.and_then(super::CatalogEntry::size_bytes)),
        whereabouts,
        files,
        reference,
        name,
    })
}

/// Bytes of the files that are used, whatever else lies beside them.
fn size_on_disk(files: &CheckpointFiles) -> Option<u64> {
    let used: Vec<PathBuf> = match files {
        CheckpointFiles::Gguf(path) => {
            let parts = split::parts(path.file_name()?.to_str()?).into_iter();
            parts.map(|part| path.with_file_name(part)).collect()
        }
        CheckpointFiles::Folder(folder) => {
            let names = hub::files_in(folder)?.into_iter();
            names.map(|name| folder.join(name)).collect()
        }
    };
    let sizes = used.iter().map(|path| Some(fs::metadata(path).ok()?.len()));
    sizes.sum()
}

/// The repository that a folder of the hub cache is named for.
pub(super) fn repository_of(folder: &str) -> Option<String> {
    let id = folder.strip_prefix("models--")?.replacen("--", "/", 1);
    HubRef::parse(&id).map(|id| id.repo)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::catalog::{HubSettings, Pip, Store};

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// Empty places in a folder, and no recent models.
    struct Machine {
        folder: TempDir,
        places: ModelSources,
        recent: Recent,
    }

    impl Machine {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let at = |name: &str| folder.path().join(name);
            let places = ModelSources {
                store: Store::new(at("home")),
                hub: HubSettings {
                    endpoint: "http://127.0.0.1:9".to_owned(),
                    token: None,
                    cache: at("hub"),
                    offline: true,
                },
                pip: Pip::default(),
                patience: Duration::ZERO,
            };
            let recent = Recent::in_file(at("recent"));
            Self {
                places,
                recent,
                folder,
            }
        }

        /// A folder with files that have their own names as content.
        fn folder(&self, path: &str, files: &[&str]) -> PathBuf {
            let folder = self.folder.path().join(path);
            fs::create_dir_all(&folder).unwrap();
            for file in files {
                fs::write(folder.join(file), file).unwrap();
            }
            folder
        }

        fn cached(&self, repo: &str, files: &[&str]) {
            let folder = format!("hub/models--{}", repo.replace('/', "--"));
            self.folder(&format!("{folder}/snapshots/{COMMIT}"), files);
            let refs = self.folder(&format!("{folder}/refs"), &[]);
            fs::write(refs.join("main"), COMMIT).unwrap();
        }

        fn remember(&self, path: &Path) {
            self.recent.remember(path.to_str().unwrap()).unwrap();
        }

        fn survey(&self) -> Vec<ListedModel> {
            survey(&Catalog::built_in().unwrap(), &self.places, &self.recent)
        }

        fn named(&self, name: &str) -> ListedModel {
            let mut all = self.survey().into_iter();
            all.find(|candidate| candidate.name == name).unwrap()
        }
    }

    const WHOLE: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

    #[test]
    fn recent_models_come_first_then_the_catalog_then_the_rest_of_the_cache() {
        let machine = Machine::new();
        let mine = machine.folder("mine", &WHOLE);
        machine.cached("org/other", &WHOLE);
        machine.remember(Path::new("gpt2"));
        machine.remember(&mine);
        let names: Vec<String> = machine.survey().into_iter().map(|c| c.name).collect();
        assert_eq!(names[..2], [mine.to_str().unwrap(), "gpt2"]);
        assert_eq!(names[2], Catalog::built_in().unwrap().default_name());
        assert_eq!(names.last().unwrap(), "org/other");
    }

    #[test]
    fn a_model_comes_once_whatever_it_is_called() {
        let machine = Machine::new();
        machine.cached("openai-community/gpt2", &WHOLE);
        machine.cached("gpt2", &WHOLE);
        let mine = machine.folder("mine", &WHOLE);
        machine.remember(Path::new("openai-community/gpt2"));
        machine.remember(&mine);
        machine.remember(&mine.join("../mine"));
        let all = machine.survey();
        let titled = |title: &str| all.iter().filter(|c| c.title == title).count();
        assert_eq!(titled("GPT-2 small"), 1);
        let here = all.iter().filter(|c| c.whereabouts == Whereabouts::OnDisk);
        assert_eq!(here.count(), 1);
    }

    #[test]
    fn what_is_no_longer_there_and_half_a_repository_do_not_come() {
        let machine = Machine::new();
        machine.remember(&machine.folder.path().join("gone"));
        machine.cached("org/half", &WHOLE[..2]);
        let all = machine.survey();
        assert!(all.iter().all(|c| c.whereabouts == Whereabouts::NotHere));
    }

    #[test]
    fn the_size_is_that_of_the_used_files_only() {
        let machine = Machine::new();
        let others = ["pytorch_model.bin", "README.md", "m.Q8_0.gguf"];
        machine.cached("org/name", &[&WHOLE[..], &others[..]].concat());
        let used: usize = WHOLE.iter().map(|name| name.len()).sum();
        let found = machine.named("org/name");
        assert_eq!(found.size, Some(used as u64));
        assert_eq!(found.whereabouts, Whereabouts::HubCache);

        let parts = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        let split = machine.folder("split", &parts).join(parts[0]);
        machine.remember(&split);
        let size = machine.named(split.to_str().unwrap()).size;
        assert_eq!(size, Some(2 * parts[0].len() as u64));
    }

    #[test]
    fn a_folder_without_a_model_has_no_size() {
        let machine = Machine::new();
        let folder = machine.folder("notes", &["README.md"]);
        machine.remember(&folder);
        assert_eq!(machine.named(folder.to_str().unwrap()).size, None);
    }

    #[test]
    fn only_folders_of_models_name_a_repository() {
        assert_eq!(repository_of("models--org--name"), Some("org/name".into()));
        let today = Some("openai-community/gpt2".into());
        assert_eq!(repository_of("models--gpt2"), today);
        for other in ["datasets--org--name", "models--name", ".locks"] {
            assert_eq!(repository_of(other), None, "{other}");
        }
    }
}
