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
//! what rounding did to its decays and gates, and the bound says nothing of it. Of these it is only
//! held that half precision gives figures.
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

const MIXTURES: [&str; 13] = [
    "ernie4_5_moe",
    "glm4_moe",
    "gpt_oss",
    "granitemoehybrid_nope",
    "mixtral",
    "olmoe",
    "phimoe",
    "phimoe_longrope",
    "qwen2_moe",
    "qwen2_moe_dense",
    "qwen3_5_moe",
    "qwen3_moe",
    "qwen3_next",
];

const WITH_A_STATE: [&str; 5] = ["mamba", "mamba2", "qwen3_5", "qwen3_5_moe", "qwen3_next"];

/// Its router leaves experts out by a threshold, so that it can't ask all of them.
const BY_THRESHOLD: &str = "phimoe";

/// Holds `files`, whose weights are off by the part `unit`, against those they were rounded from.
/// Gives how many ranks could be one number only.
fn hold(name: &str, original: &CheckpointFiles, files: &CheckpointFiles, unit: f32) -> usize {
    let golden = Golden::read(&made::fixture(name).join("golden.json"));
    let is_mixture = MIXTURES.contains(&name);
    let (mut exact, mut lesser) = (load(original), load(files));
    let mut certain = 0;
    for case in &golden.cases {
        let text = text(case);
        let step = case.steps.last().unwrap();
        let exact = logits(&mut exact, &text);
        let found = logits(&mut lesser, &text);
        if WITH_A_STATE.contains(&name) {
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
    assert_eq!(count.is_some(), MIXTURES.contains(&name), "{name}");
    if let Some((count, used)) = count
        && config["model_type"] != BY_THRESHOLD
    {
        copy.configure(used, count.clone());
    }
    copy
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
    let count = gguf.metadata.get(&of("expert_count")).cloned();
    if let Some(count) = count.filter(|_| of("") != format!("{BY_THRESHOLD}.")) {
        gguf.set(&of("expert_used_count"), count);
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
