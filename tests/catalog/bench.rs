//! What every test here needs: empty places, a catalog with one tiny model, and a record of what
//! a fetch says.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use lenscape::catalog::{
    Catalog, CheckpointFiles, FetchError, FetchEvent, FetchProgress, FetchedModel, HubSettings,
    ModelRef, ModelSources, Pip, Store, fetch, fetch_tokenizer,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The commit at which the tiny model is pinned.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The file that the tiny model consists of.
pub fn tiny_file() -> Vec<u8> {
    (0..300_000u32).map(|i| ((i * i) >> 7) as u8).collect()
}

pub fn sha256(content: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(content) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// Empty places, and what was said.
pub struct Bench {
    pub folder: TempDir,
    pub places: ModelSources,
    pub cancel: CancellationToken,
    events: Mutex<Vec<FetchEvent>>,
}

impl Bench {
    /// The hub is at `endpoint`; there is no pip.
    pub fn with_hub(endpoint: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = ModelSources {
            store: Store::new(folder.path().join("home")),
            hub: HubSettings {
                endpoint: endpoint.to_owned(),
                token: Some("hf_test".to_owned()),
                cache: folder.path().join("hub"),
                offline: false,
            },
            pip: Pip {
                program: "no-such-python".into(),
                arguments: Vec::new(),
            },
            patience: Duration::from_secs(10),
        };
        Self {
            folder,
            places,
            cancel: CancellationToken::new(),
            events: Mutex::default(),
        }
    }

    /// The hub must not be asked.
    pub fn offline() -> Self {
        let mut this = Self::with_hub("http://127.0.0.1:9");
        this.places.hub.offline = true;
        this
    }

    pub fn fetch(&self, name: &str) -> Result<FetchedModel, FetchError> {
        let catalog = tiny_catalog();
        let reference = ModelRef::parse(name, &catalog)?;
        let record = |event| self.events.lock().unwrap().push(event);
        fetch(&reference, &catalog, &self.places, &record, &self.cancel)
    }

    pub fn fetch_tokenizer(&self, name: &str) -> Result<FetchedModel, FetchError> {
        let catalog = tiny_catalog();
        let reference = ModelRef::parse(name, &catalog)?;
        let record = |event| self.events.lock().unwrap().push(event);
        fetch_tokenizer(&reference, &catalog, &self.places, &record, &self.cancel)
    }

    /// Fetch the tiny model, and read the file that came.
    pub fn tiny(&self) -> Vec<u8> {
        let checkpoint = self.fetch("tiny").unwrap();
        assert_eq!(checkpoint.name, "tiny");
        let CheckpointFiles::Gguf(path) = checkpoint.files else {
            panic!("one file is expected");
        };
        std::fs::read(path).unwrap()
    }

    /// Why `name` cannot be had.
    pub fn failure(&self, name: &str) -> String {
        self.fetch(name).unwrap_err().to_string()
    }

    pub fn events(&self) -> Vec<FetchEvent> {
        self.events.lock().unwrap().clone()
    }

    /// How far the downloads were, in order.
    pub fn progress(&self) -> Vec<FetchProgress> {
        let events = self.events().into_iter();
        let progress = events.filter_map(|event| match event {
            FetchEvent::Progress(progress) => Some(progress),
            _ => None,
        });
        progress.collect()
    }

    /// The sources that failed, in order.
    pub fn failed_sources(&self) -> Vec<String> {
        let events = self.events();
        let failed = events.into_iter().filter_map(|event| match event {
            FetchEvent::SourceFailed { source, .. } => Some(source),
            _ => None,
        });
        failed.collect()
    }

    /// Where the tiny model is kept.
    pub fn store_folder(&self) -> PathBuf {
        self.places.store.folder("tiny")
    }
}

/// All files below `folder`, except locks and stamps.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else if ![".lock", ".verified.json"]
            .iter()
            .any(|end| entry.file_name().to_str().unwrap().ends_with(end))
        {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

pub fn assert_no_files_below(folder: &Path) {
    assert_eq!(files_below(folder), Vec::<PathBuf>::new());
}

/// One model, which the hub and a Python package have.
pub fn tiny_catalog() -> Catalog {
    let content = tiny_file();
    let text = format!(
        r#"
        default = "tiny"
        [[model]]
        name = "tiny"
        title = "A tiny model"
        family = "llama"
        parameters = 1_500
        licence = "MIT"
        files = {{ kind = "gguf", name = "Tiny.gguf", size_bytes = {}, sha256 = "{}" }}
        sources = [
            {{ kind = "hub", repo = "org/tiny", revision = "{COMMIT}", file = "tiny.Q8_0.gguf" }},
            {{ kind = "python-package", package = "tiny-model", version = "1.2", member = "tiny_model/tiny.gguf", wheel_bytes = 1000 }},
        ]
        "#,
        content.len(),
        sha256(&content),
    );
    Catalog::parse(&text).unwrap()
}
