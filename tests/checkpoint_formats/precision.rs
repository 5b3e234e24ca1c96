//! How far lesser precision may move the reference's ranks.
//!
//! Rounding puts weights off by the part `u` of themselves: half the distance between two
//! neighbouring numbers, 2⁻¹¹ for f16 (11 significant bits) and 2⁻⁸ for bf16 (8). Q8_0 puts the 32
//! weights of a block off by a 254th of the largest each, so the block as a whole, by its norm, by
//! no more than √32 / 254. A product with such weights is off by as much of itself, and to the
//! first order errors of products one behind the other add up. On the longest way to layer l's
//! logits stand the embedding, five matrices a block (the router of a mixture, queries with keys
//! and values, output, up, down) and the unembedding: `n = 5 l + 2`, or `4 l + 2` without a
//! router. So no logit should move by more than `n u` of the largest one.
//!
//! A token's rank then lies where [`possible_ranks`] says; where that is one number it is the
//! reference's.
//!
//! A mixer with a state is no product of few matrices: its state carries from position to position
//! what rounding did to its decays and gates, and the bound says nothing of it. Of these it is held
//! that a folder in half precision gives, bit for bit, what one in float32 with the same numbers
//! does, whose way to the reference other tests hold; and that a GGUF file gives figures.
//!
//! Which experts a mixture asks is no such matter of degree: where two are nearly equal, rounding
//! has another one answer. So mixtures are held here with all their experts asked, for which there
//! is no reference but the same in float32.

use std::ops::ControlFlow;
use std::path::Path;

use candle_core::DType;
use candle_core::quantized::GgmlDType;
use lenscape::catalog::CheckpointFiles;
use lenscape::lens::rounding::{largest, possible_ranks};
use lenscape::lens::{Logits, Normed, StateTap};
use lenscape::model::mixer::Kind;
use lenscape::model::spec::FeedForwardSpec;
use lenscape::model::{self, Model};
use lenscape::trace::TokenId;
use rayon::prelude::*;

use super::{folder, of_every_fixture};
use crate::made::{self, Copy, Gguf, gguf_fixtures};
use crate::reference::{Case, Golden};

/// The logits of every row (`emb` first) at one position.
type Rows = Vec<Vec<f32>>;

fn load(files: &CheckpointFiles) -> Model {
    model::load(
        files,
        &candle_core::Device::Cpu,
        model::Dtype::Auto,
        &|_, _| {},
    )
    .unwrap()
}

/// The logits behind `text`, under the normed lens.
fn logits(model: &mut Model, text: &[TokenId]) -> Rows {
    let mut tap = StateTap::default();
    model.decoder.rewind(0);
    let _: ControlFlow<()> = model
        .decoder
        .forward(text, &mut |row, state| {
            tap.take(row, state)?;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    Logits::of(&model.unembed, &tap.states().unwrap(), &Normed)
        .unwrap()
        .with_rows(|rows| rows.iter().map(|row| row.to_vec()).collect())
        .unwrap()
}

/// The text that the reference's last step continues, its own tokens included.
fn text(case: &Case) -> Vec<TokenId> {
    let generated = case.steps.iter().map(|step| step.token);
    let all = case.prompt_ids.iter().copied().chain(generated);
    let length = case.prompt_ids.len() + case.steps.len() - 1;
    all.take(length).map(TokenId).collect()
}

fn rank(logits: &[f32], token: u32) -> u32 {
    let own = logits[token as usize];
    1 + logits.iter().filter(|logit| **logit > own).count() as u32
}

/// Whether a block asks experts.
fn is_mixture(model: &Model) -> bool {
    let mut blocks = model.spec.blocks.iter();
    blocks.any(|block| {
        use FeedForwardSpec::{Both, Experts};
        matches!(block.feed_forward, Experts(_) | Both(_))
    })
}

/// Whether a mixer has a state that all positions have added to.
fn has_a_state(model: &Model) -> bool {
    let mixers = model
        .spec
        .blocks
        .iter()
        .filter_map(|block| block.mixing.mixer());
    mixers.map(Kind::sums_over).any(|positions| positions > 1)
}

/// Its router leaves experts out by a threshold, so that it can't ask all of them.
const BY_THRESHOLD: &str = "phimoe";

/// Holds `files`, whose weights are off by the part `unit`, against those they were rounded from.
/// Gives how many ranks could be one number only.
fn hold(name: &str, original: &CheckpointFiles, files: &CheckpointFiles, unit: f32) -> usize {
    let golden = Golden::read(&made::fixture(name).join("golden.json"));
    let (mut exact, mut lesser) = (load(original), load(files));
    let (is_mixture, has_a_state) = (is_mixture(&exact), has_a_state(&exact));
    let mut certain = 0;
    for case in &golden.cases {
        let text = text(case);
        let step = case.steps.last().unwrap();
        let exact = logits(&mut exact, &text);
        let found = logits(&mut lesser, &text);
        if has_a_state {
            let mut figures = found.iter().flatten();
            assert!(figures.all(|logit| logit.is_finite()), "{name}");
            certain += 1;
            continue;
        }
        // The reference has no row for the embedding.
        let rows = exact.iter().zip(&found).skip(1).zip(&step.layers);
        for (l, ((exact, found), golden)) in (1..).zip(rows) {
            let place = format!("{name} {:?} L{l}, u = {unit}", case.prompt);
            let n = if is_mixture { 5 * l + 2 } else { 4 * l + 2 };
            let bound = n as f32 * unit * largest(exact);
            let moved = exact.iter().zip(found).map(|(a, b)| a - b);
            let moved = largest(&moved.collect::<Vec<f32>>());
            assert!(
                moved <= bound,
                "{place}: a logit moved by {moved} of {bound}"
            );
            let possible = possible_ranks(exact, TokenId(step.token), bound).unwrap();
            let mut ranks = vec![rank(found, step.token)];
            if !is_mixture {
                ranks.push(golden.rank);
            }
            for rank in ranks {
                assert!(
                    possible.contains(&rank),
                    "{place}: rank {rank} of {possible:?}"
                );
            }
            certain += usize::from(possible.start() == possible.end());
        }
    }
    certain
}

/// A copy of a fixture's small files; a mixture asks all its experts.
fn folder_of(name: &str) -> Copy {
    let copy = Copy::without_weights(name);
    let config: serde_json::Value = serde_json::from_slice(&copy.read("config.json")).unwrap();
    let count = [
        ("num_experts", "num_experts_per_tok"),
        ("num_local_experts", "num_experts_per_tok"),
        ("n_routed_experts", "num_experts_per_tok"),
        ("moe_num_experts", "moe_k"),
    ]
    .iter()
    .find_map(|(count, used)| Some((config.get(count)?, used)))
    .filter(|(count, _)| count.as_u64().is_some_and(|count| count > 0));
    if let Some((count, used)) = count
        && config["model_type"] != BY_THRESHOLD
    {
        copy.configure(used, count.clone());
        if let Some(groups) = config.get("n_group") {
            copy.configure("topk_group", groups.clone());
        }
    }
    copy
}

/// Holds the figures of `files` to those of `other`, which has the same numbers in another type.
fn same_bits(name: &str, files: &CheckpointFiles, other: &CheckpointFiles) {
    let golden = Golden::read(&made::fixture(name).join("golden.json"));
    let (mut model, mut other) = (load(files), load(other));
    for case in &golden.cases {
        let text = text(case);
        let bits = |rows: Rows| -> Vec<Vec<u32>> {
            let row = |row: Vec<f32>| row.into_iter().map(f32::to_bits).collect();
            rows.into_iter().map(row).collect()
        };
        let (found, expected) = (logits(&mut model, &text), logits(&mut other, &text));
        assert!(
            bits(found) == bits(expected),
            "{name} {:?}: other figures than in float32",
            case.prompt
        );
    }
}

#[test]
fn sixteen_bit_folders() {
    of_every_fixture(|name| {
        let original = folder_of(name);
        original.write_safetensors("model.safetensors", &made::tensors(name));
        for (dtype, unit) in [(DType::F16, 2_f32.powi(-11)), (DType::BF16, 2_f32.powi(-8))] {
            let copy = folder_of(name);
            let rounded = made::cast(&made::tensors(name), dtype);
            copy.write_safetensors("model.safetensors", &rounded);
            if has_a_state(&load(&folder(&original))) {
                let wide = folder_of(name);
                let same_numbers = made::cast(&rounded, DType::F32);
                wide.write_safetensors("model.safetensors", &same_numbers);
                same_bits(name, &folder(&copy), &folder(&wide));
            }
            let certain = hold(name, &folder(&original), &folder(&copy), unit);
            assert!(
                dtype != DType::F16 || certain > 0,
                "{name}: f16 settles no rank"
            );
        }
    });
}

/// A committed file; a mixture asks all its experts.
fn gguf_of(path: &Path) -> Gguf {
    let mut gguf = Gguf::read(path);
    let of = |key: &str| {
        let architecture = gguf.metadata["general.architecture"].to_string().unwrap();
        format!("{architecture}.{key}")
    };
    let is_by_threshold = of("") == format!("{BY_THRESHOLD}.");
    let all = [
        ("expert_count", "expert_used_count"),
        ("expert_group_count", "expert_group_used_count"),
    ];
    let all = all.map(|(count, used)| (gguf.metadata.get(&of(count)).cloned(), of(used)));
    for (count, used) in all {
        if let Some(count) = count.filter(|_| !is_by_threshold) {
            gguf.set(&used, count);
        }
    }
    gguf
}

#[test]
fn gguf_files() {
    gguf_fixtures().par_iter().for_each(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let gguf = gguf_of(path);
        let folder = tempfile::tempdir().unwrap();
        let write = |kind: GgmlDType| {
            let path = folder.path().join(format!("{kind:?}.gguf"));
            gguf.write(&path, kind);
            CheckpointFiles::Gguf(path)
        };
        let original = write(GgmlDType::F32);
        for (kind, unit) in [
            (GgmlDType::F16, 2_f32.powi(-11)),
            (GgmlDType::BF16, 2_f32.powi(-8)),
            (GgmlDType::Q8_0, 32_f32.sqrt() / 254.0),
        ] {
            // Numbers that are off by so much may leave other experts out.
            if name == BY_THRESHOLD && kind == GgmlDType::Q8_0 {
                continue;
            }
            let certain = hold(name, &original, &write(kind), unit);
            assert!(
                kind != GgmlDType::F16 || certain > 0,
                "{name}: F16 settles no rank"
            );
        }
    });
}
