//! Damaged files of every kind that is read: each is understood or refused in one line, and none
//! makes the program panic, hang, or ask for more memory than a file of its size justifies.
//!
//! `fuzz/` holds the same as cargo-fuzz targets. What they begin with and what they found is in
//! `fuzz/seeds`, and read here again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod made;

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lenscape::app::{Message, SavedTrace, Start, State, update};
use lenscape::catalog::CheckpointFiles;
use lenscape::display::GridView;
use lenscape::engine::{PromptEnd, RunRequest, Session, StatesFile};
use lenscape::export::figure::{self, FigureKind};
use lenscape::export::{Content, Format, tensors, trace_file};
use lenscape::lens::{FittedTo, Lenses};
use lenscape::model::Model;
use lenscape::run::{Record, RunId, Sampling, Watch};
use lenscape::settings::Settings;
use lenscape::trace::{LensKind, Rows, Step};
use lenscape::{model, ui};
use made::{Copy, gguf_of, write_legacy_pytorch, write_pytorch, write_training_state};
use proptest::prelude::*;

/// Far more than any of the small files here justifies, and far less than a length out of a
/// damaged file would ask for.
const MOST_AT_ONCE: usize = 32 << 20;

/// Remembers the largest piece of memory that was ever asked for.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// One change of a file; places are parts of the length, so that they fit any file.
#[derive(Clone, Debug)]
enum Change {
    /// A byte becomes another.
    Set(f64, u8),
    /// Eight bytes become a number of the kind that lengths and counts go wrong with.
    Number(f64, u64),
    /// Bytes are left out.
    Cut(f64, usize),
    /// Bytes are there twice.
    Repeat(f64, usize),
    /// The rest is missing.
    End(f64),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let place = || prop_oneof![0.0..1.0_f64, 0.0..0.02_f64];
    let number = prop_oneof![
        Just(0),
        Just(u64::MAX),
        Just(1 << 63),
        Just(u64::from(u32::MAX)),
        Just(1 << 40),
        0..1000_u64,
    ];
    let change = prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (place(), number).prop_map(|(at, n)| Change::Number(at, n)),
        1 => (place(), 1..64_usize).prop_map(|(at, n)| Change::Cut(at, n)),
        1 => (place(), 1..64_usize).prop_map(|(at, n)| Change::Repeat(at, n)),
        1 => place().prop_map(Change::End),
    ];
    prop::collection::vec(change, 1..5)
}

/// `bytes` with all changes, each within the first `reach` bytes: behind a header are numbers
/// only, and nothing to be learnt.
fn changed(bytes: &[u8], reach: usize, changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let reach = reach.min(bytes.len());
        let place = |part: f64| (part * reach as f64) as usize;
        match *change {
            Change::Set(at, byte) => {
                if let Some(there) = bytes.get_mut(place(at)) {
                    *there = byte;
                }
            }
            Change::Number(at, number) => {
                let rest = bytes.iter_mut().skip(place(at));
                for (there, byte) in rest.zip(number.to_le_bytes()) {
                    *there = byte;
                }
            }
            Change::Cut(at, count) => {
                let end = (place(at) + count).min(bytes.len());
                bytes.drain(place(at)..end);
            }
            Change::Repeat(at, count) => {
                let end = (place(at) + count).min(bytes.len());
                let again = bytes[place(at)..end].to_vec();
                bytes.splice(end..end, again);
            }
            Change::End(at) => bytes.truncate(place(at)),
        }
    }
    bytes
}

/// Opens and loads a checkpoint, and reads a text with its tokenizer; whatever is wrong with it is told in one line.
fn open(files: &CheckpointFiles) -> Result<(), TestCaseError> {
    let message = match model::load(
        files,
        &candle_core::Device::Cpu,
        model::Dtype::Auto,
        &|_, _| {},
    ) {
        Ok(model) => {
            let text = "The keys, 12 of them,\n aren't <|end|> e\u{301} 漢字";
            let ids = model.tokenizer.encode(text);
            ids.err().map(|error| error.to_string())
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(message) = message {
        prop_assert_eq!(message.lines().count(), 1, "{}", message);
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    prop_assert!(largest < MOST_AT_ONCE, "{} bytes at once", largest);
    Ok(())
}

/// Changes one file of a checkpoint again and again.
fn damage(cases: u32, copy: &Copy, file: &str, reach: usize, files: &CheckpointFiles) {
    let whole = copy.read(file);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(changes in changes())| {
        copy.write(file, &changed(&whole, reach, &changes));
        open(files)?;
    });
}

fn folder(copy: &Copy) -> CheckpointFiles {
    CheckpointFiles::Folder(copy.path().to_owned())
}

#[test]
fn gguf() {
    let copy = Copy::without_weights("llama");
    copy.remove("tokenizer.json");
    let path = copy.path().join("m.gguf");
    gguf_of("llama").write(&path, GgmlDType::F16);
    damage(3000, &copy, "m.gguf", 14_000, &CheckpointFiles::Gguf(path));
}

#[test]
fn sentencepiece_metadata() {
    let copy = Copy::without_weights("llama");
    copy.remove("tokenizer.json");
    let path = copy.path().join("m.gguf");
    let mut gguf = gguf_of("llama");
    let tokens = gguf.metadata["tokenizer.ggml.tokens"]
        .to_vec()
        .unwrap()
        .len();
    gguf.set("tokenizer.ggml.model", Value::String("llama".into()));
    let scores = (0..tokens).map(|id| Value::F32(-(id as f32))).collect();
    gguf.set("tokenizer.ggml.scores", Value::Array(scores));
    gguf.write(&path, GgmlDType::F16);
    damage(1000, &copy, "m.gguf", 14_000, &CheckpointFiles::Gguf(path));
}

#[test]
fn safetensors_header() {
    let copy = Copy::of("llama");
    damage(3000, &copy, "model.safetensors", 4_000, &folder(&copy));
}

#[test]
fn safetensors_index() {
    let copy = Copy::without_weights("llama");
    copy.write_shards(&made::tensors("llama"), 2);
    damage(
        2000,
        &copy,
        "model.safetensors.index.json",
        usize::MAX,
        &folder(&copy),
    );
}

#[test]
fn config_json() {
    let fixtures = std::fs::read_dir(made::fixture("")).unwrap();
    for entry in fixtures.map(Result::unwrap) {
        if entry.path().join("model.safetensors").exists() {
            let copy = Copy::of(entry.file_name().to_str().unwrap());
            damage(250, &copy, "config.json", usize::MAX, &folder(&copy));
        }
    }
}

#[test]
fn tokenizer_files() {
    let copy = Copy::of("llama");
    damage(1000, &copy, "tokenizer.json", usize::MAX, &folder(&copy));
    let copy = Copy::of("llama");
    damage(
        500,
        &copy,
        "tokenizer_config.json",
        usize::MAX,
        &folder(&copy),
    );
    for (file, content) in [
        ("added_tokens.json", r#"{"<x>": 384, "<y>": 385}"#),
        (
            "special_tokens_map.json",
            r#"{"eos_token": {"content": "<z>", "lstrip": true}, "additional_special_tokens": ["<x>"]}"#,
        ),
    ] {
        let copy = Copy::of("llama");
        copy.write(file, content.as_bytes());
        damage(250, &copy, file, usize::MAX, &folder(&copy));
    }
}

/// A folder whose tokenizer is a SentencePiece model, if it gets one.
fn without_tokenizer() -> Copy {
    let copy = Copy::of("llama");
    copy.remove("tokenizer.json");
    copy
}

#[test]
fn sentencepiece_model() {
    for name in ["bpe", "user_defined", "unigram", "rules"] {
        let copy = without_tokenizer();
        let seed = format!("fuzz/seeds/sentencepiece/{name}.model");
        let model = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(seed)).unwrap();
        copy.write("tokenizer.model", &model);
        damage(500, &copy, "tokenizer.model", usize::MAX, &folder(&copy));
    }
}

#[test]
fn vocabularies_of_ranks() {
    for (target, file, seeds) in [
        (
            "tekken",
            "tekken.json",
            ["small.json", "unlisted.json"].as_slice(),
        ),
        ("tiktoken", "tiktoken.model", &["small.model"]),
        ("tiktoken", "tokenizer.model", &["small.model"]),
    ] {
        for seed in seeds {
            let copy = without_tokenizer();
            let seed = format!("fuzz/seeds/{target}/{seed}");
            let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(seed)).unwrap();
            copy.write(file, &bytes);
            damage(400, &copy, file, usize::MAX, &folder(&copy));
        }
    }
}

#[test]
fn pytorch_pickle() {
    let copy = Copy::without_weights("llama");
    write_pytorch(
        &copy.path().join("pytorch_model.bin"),
        &made::tensors("llama"),
    );
    damage(3000, &copy, "pytorch_model.bin", 9_000, &folder(&copy));
}

#[test]
fn pytorch_file_of_before_1_6() {
    let copy = Copy::without_weights("llama");
    write_legacy_pytorch(
        &copy.path().join("pytorch_model.bin"),
        &made::tensors("llama"),
    );
    damage(3000, &copy, "pytorch_model.bin", 9_000, &folder(&copy));
}

#[test]
fn pytorch_training_state() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("pytorch_model.bin");
    write_training_state(&path, "state_dict", &made::tensors("llama"));
    damage(1000, &copy, "pytorch_model.bin", 9_000, &folder(&copy));
}

#[test]
fn pytorch_archive() {
    let copy = Copy::without_weights("llama");
    write_pytorch(
        &copy.path().join("pytorch_model.bin"),
        &made::tensors("llama"),
    );
    damage(1000, &copy, "pytorch_model.bin", usize::MAX, &folder(&copy));
}

/// Where the lenses and states of the fixture `llama` are.
fn lens_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lenses/llama")
        .join(name)
}

/// The folder of a lens with `bytes` as one of its files is read for the fixture `llama`.
fn read_lens(lens: LensKind, file: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    for other in ["config.json", "params.pt"] {
        std::fs::copy(lens_file("tuned").join(other), folder.path().join(other)).unwrap();
    }
    let path = folder.path().join(file);
    std::fs::write(&path, bytes).unwrap();
    let path = match lens {
        LensKind::Tuned => folder.path(),
        _ => &path,
    };
    let model = FittedTo {
        name: "llama",
        family: "llama",
        n_layers: 4,
        d_model: 32,
    };
    let read = Lenses::default().read(lens, path, &model);
    one_line(read.err().map(|error| error.to_string()))
}

/// States are read with the head of the fixture `llama`.
fn read_states(head: &Model, bytes: &[u8], prompt: PromptEnd) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let file = StatesFile {
        path,
        prompt,
        layers: None,
    };
    one_line(file.read(head).err().map(|error| error.to_string()))
}

fn head() -> Model {
    let files = CheckpointFiles::Folder(made::fixture("llama"));
    model::load_head(&files, &candle_core::Device::Cpu, model::Dtype::Auto).unwrap()
}

fn one_line(message: Option<String>) -> Result<(), TestCaseError> {
    if let Some(message) = message {
        prop_assert_eq!(message.lines().count(), 1, "{}", message);
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    prop_assert!(largest < MOST_AT_ONCE, "{} bytes at once", largest);
    Ok(())
}

fn damage_bytes(
    cases: u32,
    whole: &[u8],
    reach: usize,
    read: impl Fn(&[u8]) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(changes in changes())| {
        read(&changed(whole, reach, &changes))?;
    });
}

#[test]
fn fitted_lenses() {
    for (lens, name, file) in [
        (LensKind::Tuned, "tuned/params.pt", "params.pt"),
        (LensKind::Tuned, "tuned/config.json", "config.json"),
        (LensKind::Jacobian, "jacobian.pt", "lens.pt"),
    ] {
        let whole = std::fs::read(lens_file(name)).unwrap();
        // What the pickle says stands at the beginning, where the archive's files are at its end.
        for reach in [1500, usize::MAX] {
            damage_bytes(700, &whole, reach, |bytes| read_lens(lens, file, bytes));
        }
    }
    let tensors = (0..3).map(|layer| {
        let shape = (32, 32);
        let zeros =
            candle_core::Tensor::zeros(shape, candle_core::DType::F16, &candle_core::Device::Cpu);
        (layer.to_string(), zeros.unwrap())
    });
    let tensors: std::collections::HashMap<_, _> = tensors.collect();
    let whole = safetensors::serialize(&tensors, None).unwrap();
    damage_bytes(1000, &whole, 400, |bytes| {
        read_lens(LensKind::Jacobian, "lens.safetensors", bytes)
    });
}

#[test]
fn saved_states() {
    let head = head();
    let whole = std::fs::read(lens_file("states.safetensors")).unwrap();
    damage_bytes(1500, &whole, 300, |bytes| {
        read_states(&head, bytes, PromptEnd::Tokens(6))
    });
    let response = std::fs::read(lens_file("response.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    damage_bytes(500, &response, usize::MAX, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        read_states(&head, &whole, PromptEnd::Response(path.clone()))
    });
    // lenscape's own, with the rows inside the blocks.
    let [_, own] = trace_files();
    assert!(own.windows(15).any(|name| name == b"sublayer_states"));
    damage_bytes(700, &own, 4000, |bytes| {
        read_states(&head, bytes, PromptEnd::Unsaid)
    });
}

/// Reads every file that the fuzz target of this name begins with.
fn replay(target: &str, read: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target}");
    for seed in seeds {
        // The name of the last one stands above whatever goes wrong.
        println!("{}", seed.display());
        read(&std::fs::read(&seed).unwrap());
    }
}

/// The same for a target that puts its bytes in place of one file of a folder.
fn replay_in_folder(target: &str, file: &str, base: fn() -> Copy) {
    replay(target, |bytes| {
        let copy = base();
        copy.write(file, bytes);
        open(&folder(&copy)).unwrap();
    });
}

#[test]
fn what_the_fuzz_targets_begin_with() {
    let whole = || Copy::of("llama");
    let small = || Copy::without_weights("llama");
    replay_in_folder("config_json", "config.json", whole);
    replay_in_folder("tokenizer", "tokenizer.json", whole);
    replay_in_folder("sentencepiece", "tokenizer.model", without_tokenizer);
    replay_in_folder("tekken", "tekken.json", without_tokenizer);
    replay_in_folder("tiktoken", "tiktoken.model", without_tokenizer);
    replay_in_folder("safetensors_header", "model.safetensors", small);
    replay_in_folder("safetensors_index", "model.safetensors.index.json", small);
    replay_in_folder("pytorch", "pytorch_model.bin", small);
    replay("tuned_lens", |bytes| {
        read_lens(LensKind::Tuned, "params.pt", bytes).unwrap();
    });
    replay("jacobian_lens", |bytes| {
        read_lens(LensKind::Jacobian, "lens.pt", bytes).unwrap();
    });
    let head = head();
    replay("saved_states", |bytes| {
        read_states(&head, bytes, PromptEnd::Unsaid).unwrap();
    });
    replay("trace_file", |bytes| {
        open_trace(bytes, &Settings::embedded().unwrap()).unwrap();
    });
    replay("gguf", |bytes| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        std::fs::write(&path, bytes).unwrap();
        open(&CheckpointFiles::Gguf(path)).unwrap();
    });
}

#[test]
fn every_fuzz_target_has_files_to_begin_with() {
    let names = |folder: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz")
            .join(folder);
        let entries = std::fs::read_dir(folder).unwrap();
        let stem = |entry: std::fs::DirEntry| entry.path().file_stem().unwrap().to_owned();
        entries
            .map(|entry| stem(entry.unwrap()))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names("seeds"), names("fuzz_targets"));
}

/// A small run with a candidate, as a trace file of each kind.
fn trace_files() -> [Vec<u8>; 2] {
    let copy = Copy::of("llama");
    let model = model::load(
        &folder(&copy),
        &candle_core::Device::Cpu,
        model::Dtype::Auto,
        &|_, _| {},
    )
    .unwrap();
    let mut session = Session::new(model, "llama".into(), 3);
    let run = RunRequest {
        id: RunId(1),
        prompt: "The keys".into(),
        chat: None,
        max_tokens: 2,
        rows: Rows::Sublayers,
        ..RunRequest::default()
    };
    let (prompt_ids, columns) = session.complete(run).unwrap();
    let comparison = session
        .compare(
            RunId(1),
            LensKind::Normed,
            session.position(RunId(1), Step(1)).unwrap(),
            &[" is".into()],
        )
        .unwrap();
    let record = Record {
        model: Arc::clone(session.info()),
        lens: LensKind::Normed,
        rows: Rows::Sublayers,
        sampling: Sampling::default(),
        max_tokens: 2,
        prompt: "The keys".into(),
        chat: None,
        prompt_ids,
        given: 0,
        interventions: Vec::new(),
        columns: columns.into_iter().map(Arc::new).collect(),
        finish: session.ended(),
        watch: Watch {
            step: Step(1),
            trajectories: comparison
                .trajectories
                .into_iter()
                .map(Result::unwrap)
                .collect(),
        },
    };
    let mut json = Vec::new();
    trace_file::write(&record, &mut json).unwrap();
    let states = session.state_rows(RunId(1)).unwrap();
    [json, tensors::write(&record, Some(&states)).unwrap()]
}

/// A trace file is opened; what is in it can be drawn, or one line says why it cannot be opened.
fn open_trace(bytes: &[u8], settings: &Settings) -> Result<(), TestCaseError> {
    match trace_file::read(bytes) {
        Err(flaw) => prop_assert_eq!(flaw.to_string().lines().count(), 1, "{}", flaw),
        Ok(record) => draw(record, settings),
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    prop_assert!(largest < MOST_AT_ONCE, "{} bytes at once", largest);
    Ok(())
}

/// Every screen and figure of a record.
fn draw(record: Record, settings: &Settings) {
    let theme = Box::new(figure::colours(&settings.themes, None).unwrap());
    let record = Arc::new(record);
    let grid = GridView::of_steps(settings.options.grid);
    for kind in [FigureKind::Grid(grid), FigureKind::Compare] {
        let html = Format::named("html").unwrap();
        Content::Figure(Arc::clone(&record), kind, theme.clone())
            .bytes(html)
            .unwrap();
    }
    let start = Start::on((120, 40));
    let path = "keys.json".into();
    let saved = SavedTrace { path, record };
    let (mut state, _) = State::of_saved(settings.clone(), start, saved);
    for key in ["v", "v", "v", "home", "shift-o", "o", "c", "tab"] {
        let key = crokey::parse(key).unwrap().into();
        update(&mut state, Message::Key(key));
        let _ = ui::picture(&state, state.charset());
    }
}

#[test]
fn trace_file() {
    let settings = Settings::embedded().unwrap();
    for (whole, reach) in trace_files().into_iter().zip([usize::MAX, 6_000]) {
        open_trace(&whole, &settings).unwrap();
        assert!(trace_file::read(&whole).is_ok());
        let config = ProptestConfig {
            cases: 2000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(changes in changes())| {
            open_trace(&changed(&whole, reach, &changes), &settings)?;
        });
    }
}

/// Numbers in `config.json` that once asked for more than there is.
#[test]
fn absurd_numbers() {
    for (key, value) in [
        ("head_dim", 1_u64 << 62),
        ("head_dim", 1 << 27),
        ("num_hidden_layers", 1 << 40),
        ("intermediate_size", 1 << 30),
        ("vocab_size", 1 << 30),
        ("max_position_embeddings", 1 << 30),
    ] {
        let copy = Copy::of("llama");
        copy.configure(key, value.into());
        open(&folder(&copy)).unwrap();
    }
}
