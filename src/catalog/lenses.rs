//! Fitted lenses that are published on the hub: which model has which, and where they lie.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::errand::Errand;
use super::hub::{self, RepoKind};
use super::{
    Catalog, CatalogError, FetchError, FetchEvent, HubRef, ModelRef, ModelSources, Report, Shards,
    Source, SourceFailure, SourceFailures,
};
use crate::trace::LensKind;

/// The branch that lenses are on.
const MAIN: &str = "main";

/// The fitted lenses that are published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedLenses {
    tuned: Tuned,
    jacobian: Jacobian,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuned {
    /// The hub's id of the space.
    space: String,
    /// Models that are known to have one.
    models: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jacobian {
    /// The hub's id of the repository.
    repository: String,
    /// Its own names of models, by the hub's ids.
    models: BTreeMap<String, String>,
}

/// Of the names of all files those that are wanted; `None` where they are not there.
type Pick = dyn Fn(&[String]) -> Option<Vec<String>>;

/// Where a lens lies.
struct Place {
    kind: RepoKind,
    repo: HubRef,
    /// Of all files there those that make the lens, first the one that stands for it.
    pick: Box<Pick>,
}

impl PublishedLenses {
    /// Those that the program knows of, `config/lenses.toml`.
    ///
    /// # Errors
    /// Never with the file as it was released; a test reads it.
    pub fn built_in() -> Result<Self, CatalogError> {
        let text = include_str!("../../config/lenses.toml");
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = &text[..error.span().map_or(0, |span| span.start)];
            CatalogError::Form {
                line: before.matches('\n').count() + 1,
                why: error.message().replace('\n', " "),
            }
        })
    }

    /// The fitted lenses that are known to be published for a model.
    #[must_use]
    pub fn of(&self, model: &ModelRef, catalog: &Catalog) -> Vec<LensKind> {
        let ids = ids(model, catalog);
        let has = |known: &dyn Fn(&String) -> bool| ids.iter().any(known);
        let tuned = has(&|id| self.tuned.models.contains(id));
        let jacobian = has(&|id| self.jacobian.models.contains_key(id));
        let both = [(LensKind::Tuned, tuned), (LensKind::Jacobian, jacobian)];
        let there = both.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(lens, _)| lens).collect()
    }

    /// Where a lens of one of these ids lies; `None` where none can.
    fn place(&self, lens: LensKind, ids: &[String]) -> Option<Place> {
        match lens {
            LensKind::Normed | LensKind::Raw => None,
            LensKind::Tuned => {
                let folders: Vec<String> = ids.iter().map(|id| format!("lens/{id}")).collect();
                (!folders.is_empty()).then(|| Place {
                    kind: RepoKind::Space,
                    repo: repo(&self.tuned.space),
                    pick: Box::new(move |names| {
                        let files = |folder: &String| {
                            let files = ["config.json", "params.pt"];
                            let files = files.map(|file| format!("{folder}/{file}"));
                            let all = files.iter().all(|file| names.contains(file));
                            all.then(|| files.to_vec())
                        };
                        folders.iter().find_map(files)
                    }),
                })
            }
            LensKind::Jacobian => {
                let id = ids
                    .iter()
                    .find(|id| self.jacobian.models.contains_key(*id))?;
                let name = self.jacobian.models.get(id)?.clone();
                let slug = id.rsplit('/').next().unwrap_or(id).to_owned();
                Some(Place {
                    kind: RepoKind::Model,
                    repo: repo(&self.jacobian.repository),
                    pick: Box::new(move |names| jacobian_of(names, &name, &slug)),
                })
            }
        }
    }
}

/// The file of a Jacobian lens among these. Names differ, so that they are looked at: of several the
/// one that is called by the model, then the first one.
fn jacobian_of(names: &[String], model: &str, slug: &str) -> Option<Vec<String>> {
    let folder = format!("{model}/jlens/");
    let is_lens = |name: &&String| {
        let file = name
            .strip_prefix(&folder)
            .and_then(|rest| rest.split_once('/'));
        matches!(file, Some((_, file)) if
            file.contains("_jacobian_lens") && file.ends_with(".pt") && !file.contains('/'))
    };
    let usual = format!("/{slug}_jacobian_lens.pt");
    let mut found: Vec<&String> = names.iter().filter(is_lens).collect();
    found.sort_by_key(|name| (!name.ends_with(&usual), (*name).clone()));
    found.first().map(|name| vec![(*name).clone()])
}

fn repo(id: &str) -> HubRef {
    HubRef {
        repo: id.to_owned(),
        revision: MAIN.to_owned(),
        file: None,
    }
}

/// The hub's ids of a model, present and old.
fn ids(model: &ModelRef, catalog: &Catalog) -> Vec<String> {
    let repos: Vec<String> = match model {
        ModelRef::Hub(hub) => vec![hub.repo.clone()],
        ModelRef::Entry(name) => {
            let sources = catalog.entry(name).map(|entry| entry.sources.iter());
            let hubs = sources.into_iter().flatten().filter_map(Source::hub);
            hubs.map(|hub| hub.repo).collect()
        }
        ModelRef::Gguf(_) | ModelRef::Folder(_) => Vec::new(),
    };
    let old = repos.iter().filter_map(|repo| hub::old_id(repo));
    let old: Vec<String> = old.map(str::to_owned).collect();
    [repos, old].concat()
}

/// Finds a published lens of a model, in the hub's cache or on the hub, and downloads it.
///
/// Blocks, as [`super::fetch()`] does. Gives the file of a Jacobian lens, or the folder of a tuned
/// one.
///
/// # Errors
/// When none is published where it is looked for, or it cannot be had.
pub fn fetch_lens(
    lens: LensKind,
    model: &ModelRef,
    catalog: &Catalog,
    places: &ModelSources,
    report: &Report<'_>,
    cancel: &CancellationToken,
) -> Result<PathBuf, FetchError> {
    let published = PublishedLenses::built_in().map_err(FetchError::Lenses)?;
    let ids = ids(model, catalog);
    let place = published.place(lens, &ids);
    let place = place.ok_or_else(|| FetchError::NoLens {
        lens,
        model: ids.first().cloned(),
    })?;
    let files = Errand::run(Shards::All, places, report, cancel, |errand| {
        hub::picked(errand, place.kind, &place.repo, &*place.pick)
    })?;
    let found = match files {
        Ok(Some(files)) => files.into_iter().next(),
        Ok(None) => None,
        Err(_) if cancel.is_cancelled() => return Err(FetchError::Cancelled),
        Err(error) => {
            report(FetchEvent::SourceFailed {
                source: "hub".to_owned(),
                why: error.to_string(),
            });
            return Err(FetchError::NoSource {
                name: format!("the {lens} lens; give its file with --lens-file"),
                failures: SourceFailures(vec![SourceFailure {
                    source: "hub".to_owned(),
                    error,
                }]),
            });
        }
    };
    let file = found.ok_or_else(|| FetchError::NoLens {
        lens,
        model: ids.first().cloned(),
    })?;
    // Of a tuned lens its folder is asked for, in which the first file is.
    Ok(match (lens, file.parent()) {
        (LensKind::Tuned, Some(folder)) => folder.to_owned(),
        _ => file,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(name: &str) -> Vec<LensKind> {
        let catalog = Catalog::built_in().unwrap();
        let model = ModelRef::parse(name, &catalog).unwrap();
        PublishedLenses::built_in().unwrap().of(&model, &catalog)
    }

    #[test]
    fn a_model_has_the_lenses_of_its_id_on_the_hub() {
        assert_eq!(of("gpt2"), [LensKind::Tuned, LensKind::Jacobian]);
        assert_eq!(of("Qwen/Qwen3-8B"), [LensKind::Jacobian]);
        assert_eq!(of("nobody/knows"), []);
    }

    #[test]
    fn of_several_files_the_one_that_is_called_by_the_model_is_taken() {
        let names = [
            "gpt2-small/config.yaml",
            "gpt2-small/jlens/a/gpt2-small_jacobian_lens.pt",
            "gpt2-small/jlens/b/gpt2_jacobian_lens.pt",
            "gpt2-small/jlens/b/deeper/gpt2_jacobian_lens.pt",
            "gpt2-small-2/jlens/b/gpt2_jacobian_lens.pt",
        ]
        .map(str::to_owned);
        let taken = jacobian_of(&names, "gpt2-small", "gpt2").unwrap();
        assert_eq!(taken, [names[2].clone()]);
        let others = jacobian_of(&names[..2], "gpt2-small", "gpt2").unwrap();
        assert_eq!(others, [names[1].clone()]);
        assert_eq!(jacobian_of(&names[..1], "gpt2-small", "gpt2"), None);
    }
}
