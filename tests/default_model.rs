//! The default model itself, fetched as a user's first start would fetch it, against what
//! Hugging Face transformers computes in float32 on the same file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reference;

use std::path::Path;
use std::sync::OnceLock;

use lenscape::catalog::{Catalog, Checkpoint, CheckpointFiles, ModelRef, Places, fetch};
use lenscape::engine::{Intervention, Run, RunId, StatePatch};
use lenscape::model::tokenizer::Tokenizer;
use lenscape::model::weights::Gguf;
use lenscape::trace::{Layer, Position, Row, TokenId};
use reference::Golden;
use tokio_util::sync::CancellationToken;

/// The default model's file; it is fetched once and stays in the store.
fn default_model() -> &'static Checkpoint {
    static MODEL: OnceLock<Checkpoint> = OnceLock::new();
    MODEL.get_or_init(|| {
        let catalog = Catalog::built_in().unwrap();
        fetch(
            &ModelRef::Entry(catalog.default_name().to_owned()),
            &catalog,
            &Places::from_env().unwrap(),
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

/// The last position's state of "The key to the cabinets" makes the verb singular, but only from
/// the layers on that know of the subject.
#[test]
fn the_verb_follows_the_state_that_is_patched_in() {
    let mut session = reference::session(&default_model().files);
    let run = |id, prompt: &str, interventions| Run {
        id: RunId(id),
        prompt: prompt.into(),
        max_tokens: 1,
        interventions,
        ..Run::default()
    };
    let source = run(1, "The key to the cabinets", Vec::new());
    let (source, _) = session.complete(source).unwrap();
    let prompt = "The keys to the cabinet";
    let mut verb = |id, interventions| {
        let (_, columns) = session.complete(run(id, prompt, interventions)).unwrap();
        session.vocabulary().label(columns[0].token)
    };
    let patch = |layer| {
        let patch = StatePatch {
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
