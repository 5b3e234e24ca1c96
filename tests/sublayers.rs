//! The rows inside the blocks: against Hugging Face transformers, and beside everything else.

use std::sync::Arc;

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Answer, Ask, PromptEnd, Question, RunRequest, Session, StatesFile};
use lenscape::export::tensors;
use lenscape::lens::{Jacobian, Lens, Logits, column};
use lenscape::model::device::{OpenDevices, Processor};
use lenscape::model::{self, Dtype};
use lenscape::run::{CandidateRequest, Record, RunId, Sampling, Watch};
use lenscape::trace::{Cell, Column, Layer, LensKind, Position, Row, Rows, TokenId};
use serde::Deserialize;

use crate::devices::device;
use crate::reference::{fixture, session};

/// What `tests/sublayers/make.py` has written.
#[derive(Deserialize)]
struct Golden {
    prompt: String,
    rows: Vec<String>,
    steps: Vec<GoldenStep>,
}

#[derive(Deserialize)]
struct GoldenStep {
    token: u32,
    normed: Vec<GoldenCell>,
    raw: Vec<GoldenCell>,
}

#[derive(Deserialize)]
struct GoldenCell {
    rank: u32,
    logit: f32,
    prob: f32,
    entropy: f32,
    kl: f32,
    top: Vec<u32>,
}

/// Serial, parallel with one norm and with two, norms around the parts, behind them and behind the
/// sums, mixers in the place of an attention.
const NAMES: [&str; 10] = [
    "gpt2",
    "llama",
    "granite",
    "gemma2",
    "olmo2",
    "opt_post_norm",
    "lfm2",
    "qwen3_next",
    "gpt_neox",
    "gptj",
];

const RUN: RunId = RunId(1);

fn golden(name: &str) -> Golden {
    let path = fixture("..").join(format!("sublayers/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn open(name: &str) -> Session {
    session(&CheckpointFiles::Folder(fixture(name)))
}

fn run(golden: &Golden, lens: LensKind, rows: Rows) -> RunRequest {
    RunRequest {
        id: RUN,
        prompt: golden.prompt.clone(),
        max_tokens: golden.steps.len(),
        lens,
        rows,
        ..RunRequest::default()
    }
}

fn is_near(found: f32, expected: f32) -> bool {
    (found - expected).abs() <= 1e-4 + 1e-4 * expected.abs()
}

fn assert_same(found: &Cell, golden: &GoldenCell, place: &str) {
    assert_eq!(found.score.rank, golden.rank, "{place}");
    let top: Vec<u32> = found.top.iter().map(|(id, _)| id.0).collect();
    assert_eq!(top, golden.top, "{place}");
    for (what, found, expected) in [
        ("logit", found.score.logit, golden.logit),
        ("prob", found.score.prob, golden.prob),
        ("entropy", found.entropy, golden.entropy),
        ("kl", found.kl, golden.kl),
    ] {
        assert!(
            is_near(found, expected),
            "{place} {what}: {found} {expected}"
        );
    }
}

/// The model on the CPU, and on a device.
fn on_both(name: &str) -> [Session; 2] {
    let files = CheckpointFiles::Folder(fixture(name));
    [Processor::cpu(), device()].map(|processor| {
        let devices = OpenDevices::one(processor);
        let model = model::load(&files, &devices, Dtype::Auto, &|_, _| {}).unwrap();
        Session::new(model, name.into(), 5)
    })
}

#[test]
fn they_say_what_the_hooks_of_transformers_say_on_every_device() {
    for name in NAMES {
        let golden = golden(name);
        for lens in [LensKind::Normed, LensKind::Raw] {
            for mut session in on_both(name) {
                let rows: Vec<String> = session
                    .info()
                    .rows_inside
                    .iter()
                    .map(Row::to_string)
                    .collect();
                assert_eq!(rows, golden.rows, "{name}");
                let (_, columns) = session
                    .complete(run(&golden, lens, Rows::Sublayers))
                    .unwrap();
                for (s, (column, step)) in columns.iter().zip(&golden.steps).enumerate() {
                    assert_eq!(column.token, TokenId(step.token), "{name} step {s}");
                    let cells = match lens {
                        LensKind::Raw => &step.raw,
                        _ => &step.normed,
                    };
                    for (row, golden) in golden.rows.iter().zip(cells) {
                        let place = format!("{name} {lens} step {s} {row}");
                        let cell = column.cell(row.parse().unwrap());
                        assert_same(cell.expect(&place), golden, &place);
                    }
                }
            }
        }
    }
}

/// The same without what is inside the blocks.
fn outside(column: &Column) -> Column {
    Column {
        inside: Default::default(),
        ..column.clone()
    }
}

#[test]
fn the_other_rows_are_bit_for_bit_what_they_are_without_them() {
    for name in ["llama", "gpt_neox", "qwen3_next"] {
        let golden = golden(name);
        let of = |rows| open(name).complete(run(&golden, LensKind::Normed, rows));
        let (_, without) = of(Rows::Layers).unwrap();
        let (_, with) = of(Rows::Sublayers).unwrap();
        assert!(without.iter().all(|column| column.inside.is_empty()));
        assert!(with.iter().all(|column| !column.inside.is_empty()));
        let with: Vec<Column> = with.iter().map(outside).collect();
        assert_eq!(with, without, "{name}");
    }
}

/// All columns of the run anew, at other rows.
fn at_rows(session: &mut Session, rows: Rows) -> Vec<Arc<Column>> {
    let question = Question {
        run: RUN,
        lens: LensKind::Normed,
        rows,
        ask: Ask::Relens,
    };
    // As the engine's thread does it: piece by piece.
    match session.answer_in_pieces(question).unwrap() {
        Answer::Relens(columns) => columns,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_is_there_is_read_again_for_them_and_says_the_same() {
    for name in ["llama", "gpt_neox", "qwen3_next", "mamba2"] {
        let golden = golden(if name == "mamba2" { "llama" } else { name });
        let (_, at_once) = open(name)
            .complete(run(&golden, LensKind::Normed, Rows::Sublayers))
            .unwrap();
        let mut session = open(name);
        session
            .complete(run(&golden, LensKind::Normed, Rows::Layers))
            .unwrap();
        let later: Vec<Column> = at_rows(&mut session, Rows::Sublayers)
            .iter()
            .map(|column| Column::clone(column))
            .collect();
        assert_eq!(later, at_once, "{name}");
        let back = at_rows(&mut session, Rows::Layers);
        assert!(back.iter().all(|column| column.inside.is_empty()), "{name}");
    }
}

#[test]
fn a_run_under_way_goes_on_as_if_nothing_had_been_asked() {
    for name in ["llama", "qwen3_next"] {
        let golden = golden(name);
        let (_, undisturbed) = open(name)
            .complete(run(&golden, LensKind::Normed, Rows::Layers))
            .unwrap();
        let mut session = open(name);
        session
            .begin(run(&golden, LensKind::Normed, Rows::Layers))
            .unwrap();
        let mut columns = Vec::new();
        while session.is_running() {
            if let lenscape::engine::Progress::Step { column, .. } =
                session.advance(&|| true).unwrap()
            {
                columns.push(outside(&column));
            }
            if columns.len() == 2 {
                at_rows(&mut session, Rows::Sublayers);
            }
        }
        assert_eq!(columns, undisturbed, "{name}");
    }
}

#[test]
fn candidates_are_followed_through_them_on_every_device() {
    let golden = golden("gpt_neox");
    for mut session in on_both("gpt_neox") {
        let (prompt, columns) = session
            .complete(run(&golden, LensKind::Normed, Rows::Sublayers))
            .unwrap();
        let wanted = [CandidateRequest::Token(columns[0].token)];
        let found = session
            .compare(RUN, LensKind::Normed, Position(prompt.len()), &wanted)
            .unwrap();
        let trajectory = found.trajectories[0].as_ref().unwrap();
        let between = (0..session.info().n_layers).map(|layer| Row::Layer(Layer(layer)));
        let inside = session.info().rows_inside.iter().copied();
        for row in [Row::Embedding].into_iter().chain(between).chain(inside) {
            let score = columns[0].cell(row).unwrap().score;
            assert_eq!(trajectory.score(row), Some(score), "{row}");
        }
    }
}

#[test]
fn saved_states_give_them_back() {
    let golden = golden("gpt_neox");
    let mut session = open("gpt_neox");
    let request = run(&golden, LensKind::Normed, Rows::Sublayers);
    let (prompt_ids, columns) = session.complete(request.clone()).unwrap();
    let record = Record {
        model: Arc::clone(session.info()),
        lens: LensKind::Normed,
        rows: Rows::Sublayers,
        sampling: Sampling::default(),
        max_tokens: request.max_tokens,
        prompt: golden.prompt.clone(),
        chat: None,
        prompt_ids,
        given: 0,
        interventions: Vec::new(),
        columns: columns.iter().cloned().map(Arc::new).collect(),
        finish: session.ended(),
        watch: Watch::default(),
    };
    let states = session.state_rows(RUN).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    std::fs::write(&path, tensors::write(&record, Some(&states)).unwrap()).unwrap();
    let file = StatesFile {
        path,
        prompt: PromptEnd::Unsaid,
        layers: None,
    };
    let files = CheckpointFiles::Folder(fixture("gpt_neox"));
    let head = || model::load_head(&files, &candle_core::Device::Cpu, Dtype::Auto).unwrap();
    let saved = file.read(&head()).unwrap();
    let mut read = Session::of_saved(head(), "test".into(), 5, saved).unwrap();
    assert_eq!(read.info().rows_inside, session.info().rows_inside);
    let (_, found) = read.complete(request.clone()).unwrap();
    assert_eq!(found, columns);
    let (_, layers) = read
        .complete(RunRequest {
            id: RunId(2),
            rows: Rows::Layers,
            ..request
        })
        .unwrap();
    assert!(layers.iter().all(|column| column.inside.is_empty()));
}

#[test]
fn fitted_lenses_say_nothing_of_them() {
    let identity = Jacobian::of_identities(4, 32).unwrap();
    assert!(identity.inside_blocks().is_none());
    let golden = golden("llama");
    let mut session = open("llama");
    session
        .complete(run(&golden, LensKind::Normed, Rows::Sublayers))
        .unwrap();
    let states = &session.states(RUN).unwrap()[0];
    assert!(states.inside().is_some());
    let logits = Logits::of(&session.model().unembed, states, &identity).unwrap();
    let vocabulary = Arc::clone(session.vocabulary());
    let column = column(&logits, TokenId(1), 5, &vocabulary).unwrap();
    assert!(column.inside.is_empty());
    assert!(column.layers.get(0).is_some());
}

#[test]
fn where_a_block_has_one_part_there_is_nothing_inside_it() {
    assert!(open("mamba2").info().rows_inside.is_empty());
    assert!(open("mamba").info().rows_inside.is_empty());
}
