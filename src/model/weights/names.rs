//! The names of tensors without what tools put around a model's own: a model that was compiled,
//! or trained on several devices, is saved as a part of what it was wrapped in.

use std::collections::{BTreeMap, BTreeSet};

/// Parts of a name that stand for a wrapper, wherever they are: what `torch.compile`, fully
/// sharded training and activation checkpointing put around a module.
const WRAPPERS: [&str; 3] = [
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
];

/// What `DataParallel` and its kin, and DeepSpeed, call the model that they hold. A model may have
/// a part of this name, so it is a wrapper only where all names begin with it.
const HOLDER: &str = "module.";

/// The name that training frameworks give the model that they hold. It is also what
/// transformers call the decoder in a model, so it is a wrapper only around such a model.
const OUTER: &str = "model.";

/// How the names of a whole model begin below [`OUTER`].
const WHOLE: [&str; 5] = [
    "model.",
    "transformer.",
    "gpt_neox.",
    "lm_head.",
    "embed_out.",
];

/// The same with the names that the tensors have in the model itself. Where two would have the
/// same name, all keep their own.
pub(super) fn unwrapped<T>(tensors: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut names: Vec<String> = tensors.keys().map(|name| without_wrappers(name)).collect();
    while let Some(prefix) = common_wrapper(&names) {
        for name in &mut names {
            name.drain(..prefix.len());
        }
    }
    let different: BTreeSet<&String> = names.iter().collect();
    if different.len() < names.len() {
        return tensors;
    }
    names.into_iter().zip(tensors.into_values()).collect()
}

fn without_wrappers(name: &str) -> String {
    let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
    parts.collect::<Vec<_>>().join(".")
}

fn common_wrapper(names: &[String]) -> Option<&'static str> {
    let all_begin = |prefix: &str| {
        !names.is_empty()
            && names
                .iter()
                .all(|name| name.len() > prefix.len() && name.starts_with(prefix))
    };
    let is_whole = |name: &String| {
        let inner = name.strip_prefix(OUTER).unwrap_or_default();
        WHOLE.iter().any(|start| inner.starts_with(start))
    };
    if all_begin(HOLDER) {
        Some(HOLDER)
    } else {
        (all_begin(OUTER) && names.iter().any(is_whole)).then_some(OUTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        let tensors = names.iter().map(|name| ((*name).to_owned(), ()));
        unwrapped(tensors.collect()).into_keys().collect()
    }

    #[test]
    fn a_compiled_model_has_its_own_names() {
        let own = ["lm_head.weight", "model.norm.weight"];
        for prefix in [
            "_orig_mod.",
            "module.",
            "_orig_mod.module.",
            "module._orig_mod.",
            "module.module.",
            "model._orig_mod.",
            "_fsdp_wrapped_module.",
        ] {
            let wrapped = own.map(|name| format!("{prefix}{name}"));
            assert_eq!(names(&wrapped.each_ref().map(|name| &**name)), own);
        }
        assert_eq!(
            names(&["model.layers.0._orig_mod.mlp.weight", "model.norm.weight"]),
            ["model.layers.0.mlp.weight", "model.norm.weight"]
        );
    }

    #[test]
    fn a_name_that_belongs_to_the_model_stays() {
        for own in [
            &["model.embed_tokens.weight", "model.norm.weight"][..],
            &["module.weight", "norm.weight"],
            &["model.decoder.embed_tokens.weight"],
            &["h.0.ln.weight", "wte.weight"],
        ] {
            assert_eq!(names(own), own);
        }
    }

    #[test]
    fn two_tensors_that_would_have_one_name_are_both_kept() {
        let both = ["_orig_mod.norm.weight", "norm.weight"];
        assert_eq!(names(&both), both);
    }
}
