//! The lens against what Hugging Face transformers computes in float32 on the same weights.
//!
//! `tests/fixtures/NAME/golden.json` and `tests/golden/*.json` hold the reference: greedy
//! generation, and at each step, for each layer, the rank of the chosen token under both lenses,
//! its logit and probability, entropy, KL(final ‖ layer) and the five best tokens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reference;

use lenscape::catalog::CheckpointFiles;
use reference::Golden;

fn fixture(name: &str) -> (CheckpointFiles, Golden) {
    let folder = reference::fixture(name);
    let golden = Golden::read(&folder.join("golden.json"));
    (CheckpointFiles::Folder(folder), golden)
}

macro_rules! architectures {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                let (files, golden) = fixture(stringify!($name));
                golden.check(&files);
            }
        )*
    };
}

architectures!(gpt2, llama, mistral, qwen2);
