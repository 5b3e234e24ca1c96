//! The lens against what Hugging Face transformers computes in float32 on the same weights.
//!
//! `tests/fixtures/NAME/golden.json` and `tests/golden/*.json` hold the reference: greedy
//! generation, and at each step, for each layer, the rank of the chosen token under both lenses,
//! its logit and probability, entropy, KL(final ‖ layer) and the five best tokens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::reference::{self, Golden};
use lenscape::catalog::CheckpointFiles;
use lenscape::model::config::Dialect;
use lenscape::model::families;
use lenscape::model::weights::Gguf;
use rayon::prelude::*;

fn fixture(name: &str) -> (CheckpointFiles, Golden) {
    let folder = reference::fixture(name);
    let golden = Golden::read(&folder.join("golden.json"));
    (CheckpointFiles::Folder(folder), golden)
}

macro_rules! architectures {
    ($($name:ident),* $(,)?) => {
        /// The folders in `tests/fixtures`.
        const FIXTURES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                let (files, golden) = fixture(stringify!($name));
                golden.check(&files);
            }
        )*
    };
}

architectures!(
    apertus,
    arcee,
    bloom,
    codegen,
    cohere,
    cohere2,
    deepseek_v2,
    deepseek_v3,
    ernie4_5,
    ernie4_5_bias,
    ernie4_5_moe,
    exaone4,
    exaone4_global,
    falcon,
    falcon_alibi,
    falcon_h1,
    falcon_h1_norm,
    falcon_mamba,
    falcon_new,
    gemma,
    gemma2,
    gemma3,
    gemma3_global,
    gemma3n,
    gemma4,
    gemma4_moe,
    gemma4_plain,
    gemma4_unified,
    glm,
    glm4,
    glm4_moe,
    gpt2,
    gpt_bigcode,
    gpt_neo,
    gpt_neox,
    gpt_neox_serial,
    gpt_oss,
    gptj,
    granite,
    granitemoehybrid,
    granitemoehybrid_mamba,
    granitemoehybrid_nope,
    helium,
    hunyuan_v1_dense,
    hunyuan_v1_dense_alpha,
    internlm2,
    internlm3,
    lfm2,
    lfm2_bias,
    lfm2_moe,
    llama,
    llama4,
    llama_dynamic,
    llama_linear,
    llama_llama3,
    llama_yarn,
    mamba,
    mamba2,
    ministral3,
    mistral,
    mixtral,
    nanochat,
    nemotron,
    nemotron_h,
    nemotron_h_moe,
    olmo2,
    olmo3,
    olmoe,
    opt,
    opt_post_norm,
    persimmon,
    phi,
    phi3,
    phi3_longrope,
    phimoe,
    phimoe_longrope,
    qwen2,
    qwen2_moe,
    qwen2_moe_dense,
    qwen3,
    qwen3_5,
    qwen3_5_moe,
    qwen3_moe,
    qwen3_next,
    seed_oss,
    smollm3,
    stablelm,
    stablelm_parallel,
    starcoder2,
    starcoder2_global,
    xglm,
);

/// The `model_type` of each fixture, and of the text models of larger models.
fn model_types() -> BTreeSet<String> {
    let model_type = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_str(&text).unwrap();
        let config = config.get("text_config").unwrap_or(&config);
        config["model_type"].as_str().unwrap().to_owned()
    };
    let fixtures = FIXTURES.iter().map(|name| reference::fixture(name));
    let larger = std::fs::read_dir(reference::fixture("../larger_models")).unwrap();
    let larger = larger.map(|entry| entry.unwrap().path());
    let folders = fixtures.chain(larger.filter(|path| path.is_dir()));
    folders.map(model_type).collect()
}

#[test]
fn every_architecture_that_can_be_read_has_a_fixture_and_every_fixture_is_of_one() {
    let known: BTreeSet<String> = families::ALL
        .iter()
        .flat_map(|family| family.names(Dialect::HuggingFace))
        .map(str::to_owned)
        .collect();
    assert_eq!(known, model_types());
}

#[test]
fn every_folder_of_fixtures_is_tested() {
    let folder = reference::fixture("");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, FIXTURES);
}

/// Every fixture, as a folder and as a GGUF file, with its reference.
pub fn of_every_fixture(check: impl Fn(&str, &CheckpointFiles, &Golden) + Sync) {
    FIXTURES.par_iter().for_each(|name| {
        let (files, golden) = fixture(name);
        check(name, &files, &golden);
    });
    gguf::FILES.par_iter().for_each(|name| {
        let (_, golden) = fixture(name);
        let files = CheckpointFiles::Gguf(gguf::file(name));
        check(&format!("{name}.gguf"), &files, &golden);
    });
}

/// The fixtures as llama.cpp's own converter writes them.
mod gguf {
    use super::*;

    macro_rules! architectures {
        ($($name:ident),* $(,)?) => {
            /// The files in `tests/fixtures-gguf`.
            pub const FILES: &[&str] = &[$(stringify!($name)),*];

            $(
                #[test]
                fn $name() {
                    let (_, golden) = fixture(stringify!($name));
                    golden.check(&CheckpointFiles::Gguf(file(stringify!($name))));
                }
            )*
        };
    }

    architectures!(
        apertus,
        arcee,
        bloom,
        cohere,
        cohere2,
        deepseek_v2,
        deepseek_v3,
        ernie4_5,
        ernie4_5_moe,
        exaone4,
        falcon,
        falcon_h1,
        falcon_h1_norm,
        falcon_mamba,
        falcon_new,
        gemma,
        gemma2,
        gemma3,
        gemma3n,
        gemma4,
        gemma4_moe,
        gemma4_plain,
        glm,
        glm4,
        glm4_moe,
        gpt2,
        gpt_bigcode,
        gpt_neox,
        gpt_neox_serial,
        gpt_oss,
        granite,
        granitemoehybrid,
        granitemoehybrid_mamba,
        hunyuan_v1_dense,
        hunyuan_v1_dense_alpha,
        internlm2,
        internlm3,
        lfm2,
        lfm2_moe,
        llama,
        llama4,
        llama_dynamic,
        llama_linear,
        llama_llama3,
        llama_yarn,
        mamba,
        mamba2,
        ministral3,
        mixtral,
        nemotron,
        nemotron_h,
        nemotron_h_moe,
        olmo2,
        olmo3,
        olmoe,
        phi,
        phi3,
        phi3_longrope,
        phimoe,
        qwen2,
        qwen2_moe,
        qwen3,
        qwen3_5,
        qwen3_5_moe,
        qwen3_moe,
        qwen3_next,
        seed_oss,
        smollm3,
        stablelm,
        starcoder2_global,
    );

    pub fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures-gguf/{name}.gguf"))
    }

    #[test]
    fn every_architecture_that_can_be_read_has_a_file() {
        let architecture = |name: &&str| {
            let gguf = Gguf::open(&file(name)).unwrap();
            let name = gguf.metadata()["general.architecture"].to_string().unwrap();
            name.to_owned()
        };
        let found: BTreeSet<String> = FILES.iter().map(architecture).collect();
        let known: BTreeSet<String> = families::ALL
            .iter()
            .flat_map(|family| family.gguf)
            .map(|name| (*name).to_owned())
            .collect();
        assert_eq!(known, found);
    }
}
