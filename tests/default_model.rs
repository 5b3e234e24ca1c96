//! The default model itself, fetched as a user's first start would fetch it, against what
//! Hugging Face transformers computes in float32 on the same file.

use std::path::Path;
use std::sync::OnceLock;

use crate::reference::{self, Golden};
use lenscape::app::parse_candidates;
use lenscape::catalog::{Catalog, CheckpointFiles, FetchedModel, ModelRef, ModelSources, fetch};
use lenscape::engine::{Answer, Ask, Question, RunRequest, Session};
use lenscape::model::tokenizer::Tokenizer;
use lenscape::model::weights::Gguf;
use lenscape::run::{ActivationPatch, Intervention, RunId};
use lenscape::settings::{Example, Settings};
use lenscape::trace::{
    Layer, LensKind, Position, Row, Rows, Step, Target, TokenId, Trajectory, leads,
};
use tokio_util::sync::CancellationToken;

/// The default model's file; it is fetched once and stays in the store.
fn default_model() -> &'static FetchedModel {
    static MODEL: OnceLock<FetchedModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let catalog = Catalog::built_in().unwrap();
        fetch(
            &ModelRef::Entry(catalog.default_name().to_owned()),
            &catalog,
            &ModelSources::from_env().unwrap(),
            &|event| eprintln!("{event:?}"),
            &CancellationToken::new(),
        )
        .unwrap_or_else(|error| panic!("the tests need the default model: {error}"))
    })
}

fn golden() -> Golden {
    Golden::read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/smollm2-135m-instruct.q4_1.json"),
    )
}

#[test]
fn every_figure_is_what_the_reference_computes() {
    golden().check(&default_model().files);
}

/// The number of the verb: ` is` leads up to layer 25, ` are` from layer 26 on.
#[test]
fn the_verb_agrees_with_the_keys_from_layer_26_on() {
    let mut session = reference::session(&default_model().files);
    let run = reference::process(&mut session, "The keys to the cabinet");
    let ranks = reference::ranks(&session, run, &[" is", " are"]);
    for (l, (is, are)) in ranks[0].iter().zip(&ranks[1]).enumerate() {
        assert_eq!(is < are, l <= 25, "L{l}: is {is}, are {are}");
    }
}

/// From which layer on which candidate leads, behind an example's prompt; then the layer from
/// which the model's own choice is on rank 1.
fn course(session: &mut Session, example: &Example) -> (Vec<(usize, usize)>, Option<usize>) {
    let run = RunRequest {
        id: RunId(1),
        prompt: example.prompt.clone(),
        max_tokens: 1,
        ..RunRequest::default()
    };
    let (_, columns) = session.complete(run).unwrap();
    let at = session.position(RunId(1), Step(0)).unwrap();
    let wanted = parse_candidates(&example.compare);
    let found = session.compare(RunId(1), LensKind::Normed, at, &wanted);
    let trajectories: Vec<Trajectory> = found
        .unwrap()
        .trajectories
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let numbered: Vec<(usize, &Trajectory)> = trajectories.iter().enumerate().collect();
    let rows: Vec<Row> = (0..columns[0].layers.len())
        .map(|l| Row::Layer(Layer(l)))
        .collect();
    let mut changes: Vec<(usize, usize)> = Vec::new();
    for (l, lead) in leads(&numbered, &rows).iter().enumerate() {
        let ahead = lead.candidate.unwrap();
        if changes.last().is_none_or(|(_, last)| *last != ahead) {
            changes.push((l, ahead));
        }
    }
    (changes, columns[0].settling_layer().map(|layer| layer.0))
}

/// What the lines of `config/examples.toml` say, in their order.
#[test]
fn every_example_shows_what_its_line_says() {
    let examples = Settings::embedded().unwrap().examples;
    let mut session = reference::session(&default_model().files);
    let courses: Vec<_> = examples
        .iter()
        .map(|example| course(&mut session, example))
        .collect();
    let last_change = |at: usize| *courses[at].0.last().unwrap();
    assert_eq!(courses[0].0, [(0, 0), (26, 1)], "the keys to the cabinet");
    assert_eq!(last_change(1), (7, 0), "the key to the cabinets");
    assert_eq!(courses[2].0, [(0, 0)], "the key to the cabinet");
    assert_eq!(last_change(3), (26, 1), "the keys to the cabinets");
    assert_eq!(courses[4].0, [(0, 0)], "the doctor");
    assert_eq!(courses[5].0, [(0, 0), (29, 1)], "the nurse");
    assert_eq!(courses[6].0, [(0, 0)], "both begin with one token");
    for (at, name) in [(7, "the list"), (8, "the list with the slip")] {
        assert_eq!(courses[at].0, [(0, 0), (1, 1), (23, 0)], "{name}");
        assert_eq!(courses[at].1, Some(29), "{name}");
    }
    assert_eq!(courses[9], (vec![(0, 0)], Some(28)), "Heathrow");
    assert_eq!(last_change(10), (26, 0), "Spain");
    assert!(courses[10].0.len() > 5, "Spain");
    // The last one is the first, seen through the other lens.
    assert_eq!(courses[11], courses[0]);
    assert_eq!(examples.len(), 12);
    assert!(examples.iter().all(|example| !example.look.is_empty()));
}

/// The last position's state of "The key to the cabinets" makes the verb singular, but only from
/// the layers on that know of the subject.
#[test]
fn the_verb_follows_the_state_that_is_patched_in() {
    let mut session = reference::session(&default_model().files);
    let run = |id, prompt: &str, interventions| RunRequest {
        id: RunId(id),
        prompt: prompt.into(),
        max_tokens: 1,
        interventions,
        ..RunRequest::default()
    };
    let source = run(1, "The key to the cabinets", Vec::new());
    let (source, _) = session.complete(source).unwrap();
    let prompt = "The keys to the cabinet";
    let mut verb = |id, interventions| {
        let (_, columns) = session.complete(run(id, prompt, interventions)).unwrap();
        session.vocabulary().label(columns[0].token)
    };
    let patch = |layer| {
        let patch = ActivationPatch {
            row: Row::Layer(Layer(layer)),
            into: Position(source.len() - 1),
            from_run: RunId(1),
            from: Position(source.len() - 1),
        };
        vec![Intervention::Patch(patch)]
    };
    assert_eq!(verb(2, Vec::new()), "·are");
    assert_eq!(verb(3, patch(20)), "·are");
    assert_eq!(verb(4, patch(27)), "·is");
}

/// Parts and bias are the final logit, and the heads of each layer its attention's share.
#[test]
fn every_logit_is_the_sum_of_its_parts() {
    let mut session = reference::session(&default_model().files);
    let run = RunRequest {
        id: RunId(1),
        prompt: "The keys to the cabinet".into(),
        max_tokens: 3,
        ..RunRequest::default()
    };
    let (prompt, columns) = session.complete(run).unwrap();
    let mut answer = |ask| {
        let (run, lens) = (RunId(1), LensKind::Normed);
        session
            .answer(&Question {
                run,
                lens,
                rows: Rows::Layers,
                ask,
            })
            .unwrap()
    };
    for (s, column) in columns.iter().enumerate() {
        let at = Position(prompt.len() + s);
        let target = Target {
            token: column.token,
            minus: None,
        };
        let Answer::Attribution(attribution) = answer(Ask::Attribution { at, target }) else {
            panic!("no attribution");
        };
        let logit = column.layers.last().unwrap().score.logit;
        for (name, found) in [("split", attribution.logit), ("sum", attribution.sum())] {
            let off = (found - logit).abs();
            assert!(off < 1e-3, "step {s}: the {name} is {off} from {logit}");
        }
        for (l, share) in attribution.layers.iter().enumerate() {
            let layer = Layer(l);
            let Answer::Heads(shares) = answer(Ask::Heads { at, target, layer }) else {
                panic!("no heads");
            };
            assert_eq!(shares.heads.len(), 9);
            let sum = shares.heads.iter().sum::<f32>() + shares.bias;
            let off = (sum - share.attention).abs();
            assert!(off < 1e-3, "step {s} {layer}: {off} of {}", share.attention);
        }
    }
}

#[test]
fn a_word_is_told_from_the_same_word_after_a_space() {
    let CheckpointFiles::Gguf(path) = &default_model().files else {
        panic!("the default model is one file");
    };
    let file = Gguf::open(path).unwrap();
    let tokenizer = Tokenizer::from_gguf_file(path, file.metadata()).unwrap();
    assert_eq!(tokenizer.encode(" is").unwrap(), [TokenId(314)]);
    assert_ne!(tokenizer.encode("is").unwrap(), [TokenId(314)]);
    assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(504)]);
    assert!(!tokenizer.adds_bos());
    assert_eq!(tokenizer.bos(), Some(TokenId(1)));
    assert_eq!(tokenizer.end_of_text(), [TokenId(0), TokenId(2)]);
}
