//! Reads reference values and holds a run against them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, RunRequest, Session};
use lenscape::lens::{Logits, Normed, StateTap, column};
use lenscape::model::{self, Model};
use lenscape::run::{CandidateRequest, RunId, Sampling};
use lenscape::trace::{Column, Layer, LensKind, Row, Step, TokenId};
use lenscape::verify::{Outcome, Reference, hold};
use serde::Deserialize;

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// What the reference computed.
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Golden {
    pub cases: Vec<Case>,
    reference: Reference,
}

impl TryFrom<serde_json::Value> for Golden {
    type Error = serde_json::Error;

    fn try_from(mut value: serde_json::Value) -> Result<Self, Self::Error> {
        Ok(Self {
            reference: serde_json::from_value(value.clone())?,
            cases: serde_json::from_value(value["cases"].take())?,
        })
    }
}

#[derive(Deserialize)]
pub struct Case {
    pub prompt: String,
    pub prompt_ids: Vec<u32>,
    pub steps: Vec<GoldenStep>,
    pub watch: Vec<Watch>,
}

#[derive(Deserialize)]
pub struct GoldenStep {
    pub token: u32,
    pub layers: Vec<GoldenCell>,
}

#[derive(Deserialize)]
pub struct GoldenCell {
    pub rank: u32,
    pub logit: f32,
    pub prob: f32,
    pub entropy: f32,
    pub kl: f32,
    pub top: Vec<(u32, f32)>,
}

#[derive(Deserialize)]
pub struct Watch {
    pub text: String,
    pub id: u32,
    pub ranks: Vec<u32>,
}

/// The architectures of the fixtures.
pub const FIXTURES: [&str; 4] = ["gpt2", "llama", "mistral", "qwen2"];

/// The column of `token` behind `text`, in one pass without a cache.
pub fn uncached_column(model: &mut Model, text: &[TokenId], token: TokenId) -> Column {
    model.decoder.rewind(0);
    let mut tap = StateTap::default();
    let _: ControlFlow<()> = model
        .decoder
        .forward(text, &mut |row, state| {
            tap.take(row, state)?;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    let logits = Logits::of(&model.unembed, &tap.states().unwrap(), &Normed).unwrap();
    let vocabulary = model.tokenizer.vocabulary(model.vocab_size);
    column(&logits, token, 5, &vocabulary).unwrap()
}

/// A session with the model in `files`, whose cells list the five best tokens.
pub fn session(files: &CheckpointFiles) -> Session {
    let model = model::load(
        files,
        &candle_core::Device::Cpu,
        model::Dtype::Auto,
        &|_, _| {},
    )
    .unwrap();
    Session::new(model, "test".into(), 5)
}

/// Processes a prompt and generates nothing.
pub fn process(session: &mut Session, prompt: &str) -> RunId {
    let id = RunId(1);
    session
        .begin(RunRequest {
            id,
            prompt: prompt.to_owned(),
            max_tokens: 0,
            sampling: Sampling::default(),
            lens: LensKind::Normed,
            ..RunRequest::default()
        })
        .unwrap();
    while session.is_running() {
        session.advance(&|| true).unwrap();
    }
    id
}

/// The ranks of each candidate by layer, at the position after the prompt.
pub fn ranks(session: &Session, run: RunId, candidates: &[&str]) -> Vec<Vec<u32>> {
    let texts: Vec<CandidateRequest> = candidates.iter().map(|text| (*text).into()).collect();
    let after_prompt = session.position(run, Step(0)).unwrap();
    session
        .compare(run, LensKind::Normed, after_prompt, &texts)
        .unwrap()
        .trajectories
        .into_iter()
        .map(|found| {
            found
                .unwrap()
                .layers
                .values()
                .map(|score| score.rank)
                .collect()
        })
        .collect()
}

impl Golden {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Runs every case under both lenses and compares every figure: the tokens are generated, and
    /// then held to as `lenscape verify --reference` does it.
    pub fn check(&self, files: &CheckpointFiles) {
        self.check_in(session(files));
    }

    /// [`Golden::check`] in a session of one's own.
    pub fn check_in(&self, mut session: Session) {
        for (i, case) in self.cases.iter().enumerate() {
            let id = RunId(i as u64 + 1);
            let normed = case.run(&mut session, id);
            for (s, (column, golden)) in normed.iter().zip(&case.steps).enumerate() {
                let place = format!("{:?} step {s}", case.prompt);
                compare_figures(column, golden, &place);
            }
            let raw = session.relens(id, LensKind::Raw).unwrap();
            assert_eq!(raw.len(), case.steps.len());
            assert!(raw.iter().all(|column| column.lens == LensKind::Raw));
            case.compare_watched(&session, id);
        }
        for check in hold(&mut session, &self.reference).unwrap() {
            println!("{check}");
            assert_eq!(check.outcome, Outcome::Passed, "{check}");
        }
    }
}

impl Case {
    /// Generates under the normed lens; the tokens must be the reference's.
    fn run(&self, session: &mut Session, id: RunId) -> Vec<Column> {
        let prompt = session
            .begin(RunRequest {
                id,
                prompt: self.prompt.clone(),
                max_tokens: self.steps.len(),
                sampling: Sampling::default(),
                lens: LensKind::Normed,
                ..RunRequest::default()
            })
            .unwrap();
        let ids: Vec<u32> = prompt.iter().map(|token| token.0).collect();
        assert_eq!(ids, self.prompt_ids, "tokens of {:?}", self.prompt);
        let mut columns = Vec::new();
        loop {
            match session.advance(&|| true).unwrap() {
                Progress::Prompt { .. } => {}
                Progress::Step { column, .. } => columns.push(column),
                Progress::Finished { .. } => break,
            }
        }
        let tokens: Vec<u32> = columns.iter().map(|column| column.token.0).collect();
        let expected: Vec<u32> = self.steps.iter().map(|step| step.token).collect();
        assert_eq!(tokens, expected, "greedy tokens of {:?}", self.prompt);
        columns
    }

    /// The watched texts become the watched tokens behind the prompt.
    fn compare_watched(&self, session: &Session, run: RunId) {
        let texts: Vec<CandidateRequest> = self
            .watch
            .iter()
            .map(|watch| watch.text.as_str().into())
            .collect();
        let after_prompt = session.position(run, Step(0)).unwrap();
        let comparison = session
            .compare(run, LensKind::Normed, after_prompt, &texts)
            .unwrap();
        for (found, watch) in comparison.trajectories.iter().zip(&self.watch) {
            let found = found.as_ref().unwrap();
            assert_eq!(found.candidate.followed().unwrap().0, watch.id);
            assert_eq!(found.layers.len(), watch.ranks.len());
        }
    }
}

/// Logits, probabilities, entropy, KL and the five best tokens of a column.
fn compare_figures(column: &Column, golden: &GoldenStep, place: &str) {
    assert_eq!(column.layers.len(), golden.layers.len(), "{place}: layers");
    for (l, pair) in golden.layers.windows(2).enumerate() {
        let row = Row::Layer(Layer(l + 1));
        close(
            column
                .logit_change(row)
                .expect("golden figures are of the lens `normed`"),
            pair[1].logit - pair[0].logit,
            2e-3,
            &format!("{place} {row} logit change"),
        );
    }
    for (l, (cell, golden)) in column.layers.values().zip(&golden.layers).enumerate() {
        let place = format!("{place} L{l}");
        close(
            cell.score.logit,
            golden.logit,
            1e-3,
            &format!("{place} logit"),
        );
        close(cell.score.prob, golden.prob, 1e-3, &format!("{place} prob"));
        // Where the reference's probability is too small for float32, there is no logarithm.
        if golden.prob > f32::MIN_POSITIVE {
            close(
                cell.log_prob(),
                golden.prob.ln(),
                1e-3,
                &format!("{place} log-probability"),
            );
        }
        close(
            cell.entropy,
            golden.entropy,
            1e-3,
            &format!("{place} entropy"),
        );
        close(cell.kl, golden.kl, 1e-3, &format!("{place} kl"));
        assert_eq!(cell.top.len(), golden.top.len(), "{place}: top");
        for ((id, logit), (golden_id, golden_logit)) in cell.top.iter().zip(&golden.top) {
            close(*logit, *golden_logit, 1e-3, &format!("{place} top logit"));
            // Two tokens whose logits are equal within the tolerance may stand either way.
            let same_place = id.0 == *golden_id;
            let near = golden.top.iter().any(|(other, other_logit)| {
                *other == id.0 && (other_logit - golden_logit).abs() < 1e-3
            });
            assert!(
                same_place || near,
                "{place}: top token {} expected {golden_id}",
                id.0
            );
        }
    }
}

/// Within `tolerance` of the larger of 1 and the expected value.
pub fn close(found: f32, expected: f32, tolerance: f32, place: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{place}: {found}, expected {expected}"
    );
}
