//! What the names of tensors tell of a checkpoint that is not what it is taken for: one whose
//! weights are quantised in a way that is not read, or an adapter instead of a model. Without
//! this a message would speak of a tensor that is missing.

use crate::model::weights::Weights;

/// Parts of names that stand for a matrix in packed form, or for what it takes to unpack it, in
/// the formats of GPTQ, AWQ, bitsandbytes, compressed-tensors, FP8, HQQ, AQLM, Quanto and MLX.
const QUANTISED: [&str; 32] = [
    "qweight",
    "qzeros",
    "scales",
    "g_idx",
    "absmax",
    "quant_map",
    "quant_state",
    "nested_absmax",
    "nested_quant_map",
    "SCB",
    "weight_format",
    "weight_packed",
    "weight_scale",
    "weight_scales",
    "weight_scale_2",
    "weight_scale_inv",
    "weight_global_scale",
    "weight_zero_point",
    "weight_shape",
    "weight_g_idx",
    "input_scale",
    "input_global_scale",
    "output_scale",
    "activation_scale",
    "W_q",
    "W_nbits",
    "codes",
    "codebooks",
    "_data",
    "_scale",
    "_packed",
    "biases",
];

/// Parts of names that stand for the matrices of an adapter.
const ADAPTER: [&str; 7] = [
    "lora_A",
    "lora_B",
    "lora_embedding_A",
    "lora_embedding_B",
    "lora_magnitude_vector",
    "base_layer",
    "base_model",
];

/// How to have the model after all.
const INSTEAD: &str = "give the model in F32, F16 or BF16, or a GGUF file of it";

/// The name of a tensor that tells that the projection of the tensor `name` is quantised in a way
/// that is not read.
pub(super) fn of_quantisation(weights: &Weights, name: &str) -> Option<String> {
    let (stem, _) = name.rsplit_once('.')?;
    let mut names = weights.names();
    names.sort_unstable();
    let mut beside = names.into_iter().filter(|other| *other != name);
    let sign = beside.find(|other| {
        let rest = other
            .strip_prefix(stem)
            .and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| rest.split('.').any(is_of_quantisation))
    });
    sign.map(str::to_owned)
}

fn is_of_quantisation(part: &str) -> bool {
    QUANTISED.contains(&part) || part.starts_with("bitsandbytes__")
}

/// The reason that `sign` gives for a missing or odd matrix.
pub(super) fn quantised(sign: &str) -> String {
    format!("is quantised in a way that is not read (`{sign}` stands beside it); {INSTEAD}")
}

/// Why a checkpoint with the unknown tensor `name` is refused, where that name tells.
pub(super) fn of_unknown(name: &str) -> Option<String> {
    let has = |known: fn(&str) -> bool| name.split('.').any(known);
    if has(|part| ADAPTER.contains(&part)) {
        Some(ADAPTER_REASON.to_owned())
    } else if has(is_of_quantisation) {
        Some(format!(
            "belongs to a quantisation that is not read; {INSTEAD}"
        ))
    } else {
        None
    }
}

const ADAPTER_REASON: &str = "is part of an adapter (LoRA), which is not applied; merge it into \
                              the model first (merge_and_unload in PEFT) and save that";

/// Why a checkpoint has no embedding, where it is because it is an adapter's.
pub(super) fn of_adapter(weights: &Weights) -> Option<String> {
    let mut names = weights.names().into_iter();
    let sign = names.find(|name| name.split('.').any(|part| ADAPTER.contains(&part)))?;
    Some(format!(
        "is missing: the files hold an adapter (LoRA, as `{sign}`) or a model that it was not \
         merged into; merge it first (merge_and_unload in PEFT) and save that"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_unknown_tensor_may_tell_what_it_belongs_to() {
        for name in ["model.layers.0.mlp.up_proj.weight_scale", "x.qweight"] {
            assert!(of_unknown(name).unwrap().contains("quantisation"), "{name}");
        }
        let lora = of_unknown("model.layers.0.self_attn.q_proj.lora_A.default.weight");
        assert!(lora.unwrap().contains("adapter"));
        assert_eq!(of_unknown("model.layers.0.mlp.extra.weight"), None);
    }
}
