//! What `examples/` shows: each is run here on a fixture.

use std::fs;

use lenscape::export::trace_file;
use lenscape::trace::TokenId;

use crate::reference::{self, Golden};
use crate::testing;

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/decoder.rs"]
mod decoder;
#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/read_trace.rs"]
mod read_trace;

/// Those of the reference, which Hugging Face transformers computed.
#[test]
fn the_decoder_tells_the_best_token_of_every_layer() {
    let folder = reference::fixture("llama");
    let golden = Golden::read(&folder.join("golden.json"));
    let case = &golden.cases[0];
    let mut said = Vec::new();
    decoder::best_tokens(&folder, &case.prompt, &mut said).unwrap();
    let said = String::from_utf8(said).unwrap();

    let layers = &case.steps[0].layers;
    assert_eq!(said.lines().count(), 1 + layers.len(), "{said}");
    let session = reference::session(&lenscape::catalog::CheckpointFiles::Folder(folder));
    for (line, layer) in said.lines().skip(1).zip(layers) {
        let best = TokenId(layer.top[0].0);
        let label = session.info().vocabulary.label(best);
        assert!(line.ends_with(&format!("  {label}")), "{line}: {label}");
    }
}

#[test]
fn a_trace_is_read_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let mut json = Vec::new();
    trace_file::write(&testing::record(), &mut json).unwrap();
    fs::write(&path, json).unwrap();
    let mut said = Vec::new();
    read_trace::summary(&path, &mut said).unwrap();
    assert_eq!(
        String::from_utf8(said).unwrap(),
        "Tiny: The \"keys\"\nto\n\
         ·is  0.3000  5 2 1  settles L2\n\
         ⟨E6 97⟩  0.1000  4 1 3  settles never\n"
    );
}
