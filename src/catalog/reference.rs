//! Parses a model reference: catalog name, hub id, file or folder.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::split::ShardName;
use super::{Catalog, Source, hub};
use crate::regular_file;

/// The revision of a hub id that names none.
const MAIN: &str = "main";

/// What a user's word for a model means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// An entry of the catalog, by its name.
    Entry(String),
    /// A repository of the hub.
    Hub(HubRef),
    /// A GGUF file on this machine, whatever its name.
    Gguf(PathBuf),
    /// A folder on this machine.
    Folder(PathBuf),
}

/// A repository of the hub, shown as `org/name[@rev][:file.gguf]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HubRef {
    /// The repository as `org/name`.
    pub repo: String,
    /// A branch, a tag or a commit; `main` where none was named.
    pub revision: String,
    /// One of several GGUF files, by its path in the repository.
    pub file: Option<String>,
}

/// A word that means no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing at all was given.
    #[error(
        "no model was named; give a name that `lenscape models` lists, a hub id, a .gguf file or a folder"
    )]
    Empty,
    /// No entry, no hub id, nothing on disk.
    #[error("no model `{wanted}`: no such name in the catalog, file or folder, and no hub id of the form org/name{}", offer(.near))]
    Unknown {
        /// What was looked for.
        wanted: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// It can only be a path, and there is nothing there.
    #[error("no model at {}: there is no such file or folder", .0.display())]
    NoSuchPath(PathBuf),
    /// A file of another kind.
    #[error("{} is no .gguf file, nor does it begin as one; for safetensors give the folder that holds config.json", .0.display())]
    NoGguf(PathBuf),
}

fn offer(near: &[String]) -> String {
    match near {
        [] => "; `lenscape models` lists the names".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

impl ModelRef {
    /// What `text` means, by the first of these rules that fits:
    ///
    /// 1. it has a path separator in it, and it exists on this machine: that file or folder;
    /// 2. a name in the catalog;
    /// 3. it exists in the current folder: that GGUF file or folder;
    /// 4. a hub id, as [`HubRef::parse`] reads it.
    ///
    /// A GGUF file is known by its ending `.gguf` or by its first four bytes, as Ollama's files
    /// are that are named `sha256-…`. A folder without `config.json` that holds one GGUF model
    /// means that.
    ///
    /// So a folder `org/name` that exists wins over the hub's repository of that name, and a name
    /// of the catalog wins over a file of that name in the current folder; `./name` is the file.
    ///
    /// # Errors
    /// When no rule fits; the message names what was looked for, and similar names.
    pub fn parse(text: &str, catalog: &Catalog) -> Result<Self, ReferenceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let path = Path::new(text);
        let has_separator = text.contains(std::path::is_separator);
        if has_separator && path.exists() {
            return Self::on_disk(path);
        }
        if let Some(entry) = catalog.entry(text) {
            return Ok(Self::Entry(entry.name.clone()));
        }
        if path.exists() {
            return Self::on_disk(path);
        }
        if let Some(hub) = HubRef::parse(text) {
            return Ok(Self::Hub(hub));
        }
        if has_separator || has_gguf_name(path) {
            return Err(ReferenceError::NoSuchPath(path.to_owned()));
        }
        Err(ReferenceError::Unknown {
            wanted: text.to_owned(),
            near: catalog.near(text),
        })
    }

    /// The one reference that all words for the same model have in common: the catalog's entry
    /// where a hub id is that of an entry, and a path without links and `..`.
    #[must_use]
    pub fn canonical(self, catalog: &Catalog) -> Self {
        let resolved = |path: PathBuf| path.canonicalize().unwrap_or(path);
        match self {
            Self::Entry(_) => self,
            Self::Hub(id) => {
                let mut entries = catalog.entries().iter();
                let entry = entries.find(|entry| {
                    let mut ids = entry.sources.iter().filter_map(Source::hub);
                    ids.any(|other| other == id)
                });
                entry.map_or(Self::Hub(id), |entry| Self::Entry(entry.name.clone()))
            }
            Self::Gguf(path) => Self::Gguf(resolved(path)),
            Self::Folder(path) => Self::Folder(resolved(path)),
        }
    }

    fn on_disk(path: &Path) -> Result<Self, ReferenceError> {
        if path.is_dir() {
            let gguf = only_gguf_of(path);
            Ok(gguf.map_or_else(|| Self::Folder(path.to_owned()), Self::Gguf))
        } else if has_gguf_name(path) || begins_as_gguf(path) {
            Ok(Self::Gguf(path.to_owned()))
        } else {
            Err(ReferenceError::NoGguf(path.to_owned()))
        }
    }
}

impl HubRef {
    /// Read `org/name[@rev][:file.gguf]`, or `org/name[@rev]/file.gguf`; `None` when `text` has
    /// another form. Instead of `org/name` it may be an id from the time when the hub had
    /// repositories without owners, such as `gpt2`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, file) = match text.split_once(':').or_else(|| split_off_file(text)) {
            Some((text, file)) if is_gguf_in_repository(file) => (text, Some(file.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let (repo, revision) = text.split_once('@').unwrap_or((text, MAIN));
        let repo = hub::present_id(repo).unwrap_or(repo);
        let (owner, name) = repo.split_once('/')?;
        let whole = is_repo_word(owner) && is_repo_word(name) && is_revision(revision);
        (whole && !has_gguf_name(Path::new(name))).then(|| Self {
            repo: repo.to_owned(),
            revision: revision.to_owned(),
            file,
        })
    }
}

/// A repository and the GGUF file that stands behind it as if it were a path.
fn split_off_file(text: &str) -> Option<(&str, &str)> {
    let (second, _) = text.match_indices('/').nth(1)?;
    let (repo, file) = (&text[..second], &text[second + 1..]);
    is_gguf_in_repository(file).then_some((repo, file))
}

/// Whether `word` can be an owner or a repository on the hub.
fn is_repo_word(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && word.chars().all(plain)
        && !word.contains("..")
        && !word.contains("--")
}

/// Whether `revision` can be a commit, a branch or a tag, such as `refs/pr/1`.
fn is_revision(revision: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/+".contains(c);
    !revision.is_empty()
        && revision.chars().all(plain)
        && revision
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// Whether `file` can be the path of a GGUF file inside a repository.
fn is_gguf_in_repository(file: &str) -> bool {
    let mut parts = file.split('/');
    has_gguf_name(Path::new(file)) && parts.all(|part| !["", ".", ".."].contains(&part))
}

fn has_gguf_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

/// Whether the file at `path` begins as GGUF files do.
fn begins_as_gguf(path: &Path) -> bool {
    let mut start = [0; 4];
    regular_file::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == *b"GGUF"
}

/// The GGUF model in `folder`, if it holds no model of another kind and no second one.
fn only_gguf_of(folder: &Path) -> Option<PathBuf> {
    /// More files are no model's folder.
    const MOST: usize = 1000;
    if folder.join("config.json").exists() {
        return None;
    }
    let entries = std::fs::read_dir(folder).ok()?.take(MOST).flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_whole = ShardName::of(&name).is_none_or(|split| split.number == 1);
        // The part of a model that sees, which is none of its own.
        let sees = name.to_ascii_lowercase().contains("mmproj");
        is_whole && !sees && begins_as_gguf(path)
    });
    let mut files = files.fuse();
    files.next().filter(|_| files.next().is_none())
}

impl fmt::Display for HubRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        if self.revision != MAIN {
            write!(f, "@{}", self.revision)?;
        }
        match &self.file {
            Some(file) => write!(f, ":{file}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<ModelRef, ReferenceError> {
        ModelRef::parse(text, &Catalog::built_in().unwrap())
    }

    fn hub(repo: &str, revision: &str, file: Option<&str>) -> ModelRef {
        ModelRef::Hub(HubRef {
            repo: repo.to_owned(),
            revision: revision.to_owned(),
            file: file.map(str::to_owned),
        })
    }

    #[test]
    fn a_name_of_the_catalog_is_that_entry() {
        assert_eq!(parse("gpt2"), Ok(ModelRef::Entry("gpt2".to_owned())));
        assert_eq!(parse(" gpt2\n"), Ok(ModelRef::Entry("gpt2".to_owned())));
    }

    #[test]
    fn a_hub_id_may_name_a_revision_and_a_file() {
        assert_eq!(parse("org/name"), Ok(hub("org/name", "main", None)));
        assert_eq!(parse("org/name@v1.0"), Ok(hub("org/name", "v1.0", None)));
        assert_eq!(parse("o/n@refs/pr/1"), Ok(hub("o/n", "refs/pr/1", None)));
        assert_eq!(
            parse("o/n@v1:sub/a.Q8_0.gguf"),
            Ok(hub("o/n", "v1", Some("sub/a.Q8_0.gguf")))
        );
        for text in ["org/name", "o/n@v1", "o/n@v1:a.gguf", "o/n:a.gguf"] {
            assert_eq!(HubRef::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_gguf_file_may_stand_behind_its_repository_like_a_path() {
        for (text, same) in [
            ("o/n/m-00001-of-00002.gguf", "o/n:m-00001-of-00002.gguf"),
            ("o/n/sub/m.gguf", "o/n:sub/m.gguf"),
            ("o/n@v1/m.gguf", "o/n@v1:m.gguf"),
        ] {
            assert_eq!(HubRef::parse(text), HubRef::parse(same), "{text}");
            assert_eq!(HubRef::parse(text).unwrap().to_string(), same);
        }
    }

    #[test]
    fn an_id_from_the_time_without_owners_is_the_repository_of_today() {
        let id = HubRef::parse("gpt2").unwrap();
        assert_eq!(id.to_string(), "openai-community/gpt2");
        assert_eq!(
            parse("distilgpt2@v2"),
            Ok(hub("distilbert/distilgpt2", "v2", None))
        );
    }

    #[test]
    fn what_cannot_be_a_repository_is_no_hub_id() {
        for text in [
            "name",
            "a/b/c",
            "../name",
            "./name",
            "org/",
            "/name",
            "o/n@",
            "o/n@a b",
            "o/n:a.bin",
            "o/n:../a.gguf",
            "o/n@../x",
            "a/b.gguf",
        ] {
            assert_eq!(HubRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_exists_and_has_a_separator_wins_over_a_hub_id() {
        // The tests run in the crate's folder.
        assert_eq!(
            parse("src/catalog"),
            Ok(ModelRef::Folder("src/catalog".into()))
        );
        assert_eq!(
            parse("src/catalogue"),
            Ok(hub("src/catalogue", "main", None))
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.GGUF");
        std::fs::write(&file, "").unwrap();
        assert_eq!(parse(file.to_str().unwrap()), Ok(ModelRef::Gguf(file)));
    }

    #[test]
    fn all_words_for_one_model_have_one_reference_in_common() {
        let catalog = Catalog::built_in().unwrap();
        let canonical = |text| parse(text).unwrap().canonical(&catalog);
        for same in ["openai-community/gpt2", "gpt2@main"] {
            assert_eq!(canonical(same), canonical("gpt2"), "{same}");
        }
        assert_eq!(canonical("./src/../src/app"), canonical("src/app"));
        assert_ne!(canonical("gpt2@v2"), canonical("gpt2"));
        assert_ne!(canonical("src/app"), canonical("src/ui"));
    }

    #[test]
    fn a_bare_folder_is_found_after_the_catalog() {
        assert_eq!(parse("src"), Ok(ModelRef::Folder("src".into())));
    }

    #[test]
    fn a_gguf_file_without_the_ending_is_known_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let blob = folder.path().join("sha256-0123abcd");
        std::fs::write(&blob, b"GGUF\x03\0\0\0").unwrap();
        assert_eq!(
            parse(blob.to_str().unwrap()),
            Ok(ModelRef::Gguf(blob.clone()))
        );
        // The only model of a folder is meant by that folder, whatever lies beside it.
        std::fs::write(folder.path().join("mmproj.gguf"), b"GGUF\x03\0\0\0").unwrap();
        std::fs::write(folder.path().join("sha256-9"), b"{}").unwrap();
        let text = folder.path().to_str().unwrap();
        assert_eq!(parse(text), Ok(ModelRef::Gguf(blob)));
        std::fs::write(folder.path().join("other.gguf"), b"GGUF\x03\0\0\0").unwrap();
        assert_eq!(parse(text), Ok(ModelRef::Folder(text.into())));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let error = parse("./Cargo.toml").unwrap_err().to_string();
        assert!(
            error.starts_with("./Cargo.toml is no .gguf file"),
            "{error}"
        );
    }

    #[test]
    fn what_can_only_be_a_path_is_reported_as_one() {
        for text in ["/no/such/folder", "./no-such", "no-such.gguf", "a/b.gguf"] {
            assert_eq!(parse(text), Err(ReferenceError::NoSuchPath(text.into())));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_similar_ones() {
        let error = parse("smolm2-135m").unwrap_err().to_string();
        assert!(error.contains("`smolm2-135m`") && error.contains("did you mean smollm2-135m"));
        let error = parse("xyzzy").unwrap_err().to_string();
        assert!(
            error.contains("`lenscape models` lists the names"),
            "{error}"
        );
        assert_eq!(parse("  "), Err(ReferenceError::Empty));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_understood_or_refused_in_one_line(text in ".*") {
            if let Err(error) = parse(&text) {
                let shown = error.to_string();
                proptest::prop_assert_eq!(shown.lines().count(), 1);
            }
        }

        #[test]
        fn a_hub_id_is_shown_as_it_was_typed(
            text in "[a-z0-9]{1,8}/[A-Za-z0-9.]{1,8}(@v[0-9/.]{0,6})?(:[a-z]{1,4}[.]gguf)?",
        ) {
            if let Some(id) = HubRef::parse(&text) {
                proptest::prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
