//! GGUF files as earlier versions of llama.cpp's converter wrote them. Each is made of a file of
//! today, by what was different then, and must give the very same cells.

use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lenscape::catalog::CheckpointFiles;
use lenscape::model;

use super::columns;
use crate::made::{Gguf, gguf_fixtures};

fn today(name: &str) -> Gguf {
    let file = format!("{name}.gguf");
    let all = gguf_fixtures();
    Gguf::read(all.iter().find(|path| path.ends_with(&file)).unwrap())
}

fn gives_the_same(older: &Gguf, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let cells = |gguf: &Gguf| {
        let path = folder.path().join("m.gguf");
        gguf.write(&path, GgmlDType::F32);
        columns(&CheckpointFiles::Gguf(path))
    };
    assert_eq!(cells(older), cells(&today(name)), "{name}");
}

impl Gguf {
    /// Takes a key out, which must be there.
    fn remove(&mut self, key: &str) -> Value {
        self.metadata.remove(key).unwrap()
    }

    /// Replaces each tensor whose name contains `part` by those that `f` makes of it.
    fn replace(&mut self, part: &str, f: impl Fn(&str, &Tensor) -> Vec<(String, Tensor)>) {
        let (found, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.tensors)
            .into_iter()
            .partition(|(name, _)| name.contains(part));
        assert!(!found.is_empty(), "no {part}");
        self.tensors = rest.into_iter().collect();
        for (name, tensor) in found {
            self.tensors.extend(f(&name, &tensor));
        }
    }
}

#[test]
fn each_expert_of_mixtral_had_tensors_of_its_own() {
    let mut gguf = today("mixtral");
    gguf.replace("_exps.weight", |name, all| {
        let (stem, _) = name.split_once("_exps").unwrap();
        (0..all.dim(0).unwrap())
            .map(|e| {
                (
                    format!("{stem}.{e}.weight"),
                    all.get(e).unwrap().force_contiguous().unwrap(),
                )
            })
            .collect()
    });
    gives_the_same(&gguf, "mixtral");
}

#[test]
fn queries_keys_and_values_of_phi_2_were_one_tensor() {
    let mut gguf = today("phi");
    let layers = gguf.metadata["phi2.block_count"].to_u32().unwrap();
    for l in 0..layers {
        for end in ["weight", "bias"] {
            let mut part = |kind: &str| {
                let name = format!("blk.{l}.attn_{kind}.{end}");
                gguf.tensors.remove(&name).unwrap()
            };
            let parts = [part("q"), part("k"), part("v")];
            let fused = Tensor::cat(&parts, 0).unwrap();
            gguf.tensors
                .insert(format!("blk.{l}.attn_qkv.{end}"), fused);
        }
    }
    gives_the_same(&gguf, "phi");
}

#[test]
fn queries_keys_and_values_of_phi_3_were_three_tensors() {
    let mut gguf = today("phi3");
    let number = |key: &str| gguf.metadata[&format!("phi3.{key}")].to_u32().unwrap() as usize;
    let width = number("embedding_length") / number("attention.head_count");
    let q = number("attention.head_count") * width;
    let kv = number("attention.head_count_kv") * width;
    gguf.replace("attn_qkv", |name, fused| {
        [("q", 0, q), ("k", q, kv), ("v", q + kv, kv)]
            .map(|(kind, start, rows)| {
                let part = fused.narrow(0, start, rows).unwrap();
                (name.replace("qkv", kind), part.force_contiguous().unwrap())
            })
            .into()
    });
    gives_the_same(&gguf, "phi3");
}

#[test]
fn a_linear_stretch_had_no_type_and_before_that_another_name() {
    let mut gguf = today("llama_linear");
    gguf.remove("llama.rope.scaling.type");
    gives_the_same(&gguf, "llama_linear");
    let factor = gguf.remove("llama.rope.scaling.factor");
    gguf.set("llama.rope.scale_linear", factor);
    gives_the_same(&gguf, "llama_linear");
}

#[test]
fn a_stretch_of_0_or_of_the_type_none_is_none() {
    let mut gguf = today("llama");
    gguf.set("llama.rope.scaling.factor", Value::F32(0.0));
    gives_the_same(&gguf, "llama");
    gguf.set("llama.rope.scaling.factor", Value::F32(4.0));
    gguf.set("llama.rope.scaling.type", Value::String("none".into()));
    gives_the_same(&gguf, "llama");
}

#[test]
fn gemma_2_was_silent_about_its_caps() {
    let mut gguf = today("gemma2");
    gguf.remove("gemma2.attn_logit_softcapping");
    gguf.remove("gemma2.final_logit_softcapping");
    gives_the_same(&gguf, "gemma2");
}

#[test]
fn the_experts_of_qwen_were_as_wide_as_one_tokens_experts_together() {
    let mut gguf = today("qwen2_moe");
    let width = gguf
        .remove("qwen2moe.expert_feed_forward_length")
        .to_u32()
        .unwrap();
    let used = gguf.metadata["qwen2moe.expert_used_count"]
        .to_u32()
        .unwrap();
    gguf.set("qwen2moe.feed_forward_length", Value::U32(width * used));
    gives_the_same(&gguf, "qwen2_moe");
}

#[test]
fn phi_3_was_silent_about_the_window_of_its_first_models() {
    let windows = |context: u32| {
        let mut gguf = today("phi3");
        gguf.metadata.remove("phi3.attention.sliding_window");
        gguf.set("phi3.context_length", Value::U32(context));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        gguf.write(&path, GgmlDType::F32);
        let described = model::describe(&CheckpointFiles::Gguf(path), model::Dtype::Auto).unwrap();
        let blocks = described.spec.blocks.into_iter();
        blocks
            .map(|block| block.attention.window)
            .collect::<Vec<_>>()
    };
    assert!(windows(4096).iter().all(|window| *window == Some(2047)));
    assert!(windows(16_384).iter().all(Option::is_none));
}
