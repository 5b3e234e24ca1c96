//! Weights as they are published in fewer bits: every format against what Hugging Face transformers
//! computes in float32 on the dequantised weights, every type of block against gguf-py.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lenscape::catalog::CheckpointFiles;
use lenscape::model::weight::{Rows, Storage};
use lenscape::model::{self, Dequantisation, Dtype, ModelError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::reference::{self, Golden};

fn here(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published_weights");
    folder.join(name)
}

/// A checkpoint in one of the formats, in two shards: what is quantised and what is not.
struct Published {
    folder: TempDir,
    config: Value,
    golden: Golden,
}

impl Published {
    fn of(format: &str) -> Self {
        let text = fs::read(here(&format!("{format}.json"))).unwrap();
        let mut all: Value = serde_json::from_slice(&text).unwrap();
        let base = all["base"].as_str().unwrap().to_owned();
        let published = Self {
            folder: TempDir::new().unwrap(),
            config: all["config"].take(),
            golden: serde_json::from_value(all["golden"].take()).unwrap(),
        };
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            fs::copy(reference::fixture("llama").join(file), published.path(file)).unwrap();
        }
        let shards = [
            ("model-00001-of-00002.safetensors", base.as_str()),
            ("model-00002-of-00002.safetensors", format),
        ];
        let mut map = BTreeMap::new();
        for (shard, from) in shards {
            let bytes = fs::read(here(&format!("{from}.safetensors"))).unwrap();
            map.extend(names(&bytes).into_iter().map(|name| (name, shard)));
            fs::write(published.path(shard), bytes).unwrap();
        }
        let index = json!({ "weight_map": map }).to_string();
        fs::write(published.path("model.safetensors.index.json"), index).unwrap();
        published.configure();
        published
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self) {
        fs::write(self.path("config.json"), self.config.to_string()).unwrap();
    }

    /// With another value at a place of the settings of the quantisation.
    fn with(mut self, pointer: &str, value: Value) -> Self {
        let pointer = format!("/quantization_config{pointer}");
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        self.config.pointer_mut(parent).unwrap()[key] = value;
        self.configure();
        self
    }

    /// With the header of the quantised tensors changed.
    fn with_header(self, change: impl Fn(&mut serde_json::Map<String, Value>)) -> Self {
        let path = self.path("model-00002-of-00002.safetensors");
        let bytes = fs::read(&path).unwrap();
        let (mut header, data) = parts(&bytes);
        change(&mut header);
        let header = Value::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        fs::write(path, [&length[..], header.as_bytes(), data].concat()).unwrap();
        let index = self.path("model.safetensors.index.json");
        let text = fs::read(&index).unwrap();
        let mut value: Value = serde_json::from_slice(&text).unwrap();
        let bytes = fs::read(self.path("model-00002-of-00002.safetensors")).unwrap();
        let there = names(&bytes);
        let map = value["weight_map"].as_object_mut().unwrap();
        map.retain(|name, shard| {
            *shard == "model-00001-of-00002.safetensors" || there.contains(name)
        });
        fs::write(index, value.to_string()).unwrap();
        self
    }

    fn files(&self) -> CheckpointFiles {
        CheckpointFiles::Folder(self.folder.path().to_owned())
    }

    fn load(&self, dequantisation: Dequantisation) -> Result<model::Model, ModelError> {
        let cpu = candle_core::Device::Cpu;
        model::load_with(&self.files(), &cpu, Dtype::Auto, dequantisation, &|_, _| {})
    }

    /// What is said instead of loading it, in one line.
    fn refusal(&self) -> String {
        let message = self.load(Dequantisation::AtUse).unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    }
}

fn parts(bytes: &[u8]) -> (serde_json::Map<String, Value>, &[u8]) {
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    (serde_json::from_slice(header).unwrap(), data)
}

fn names(bytes: &[u8]) -> Vec<String> {
    let names = parts(bytes).0.into_iter().map(|(name, _)| name);
    names.filter(|name| name != "__metadata__").collect()
}

macro_rules! formats {
    ($($name:ident),* $(,)?) => {
        const FORMATS: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                let published = Published::of(stringify!($name));
                published.golden.check(&published.files());
            }
        )*
    };
}

formats!(
    awq,
    bnb_fp4,
    bnb_int8,
    bnb_nf4,
    bnb_nf4_double,
    ct_float,
    ct_float_block,
    ct_float_tensor,
    ct_int,
    ct_pack,
    ct_pack_8bit,
    ct_pack_asym,
    fp8_block,
    fp8_tensor,
    fp8_ue8m0,
    gptq,
    gptq_8bit,
    gptq_desc_act,
    gptq_no_gidx,
    gptq_v2,
    nvfp4_ct,
    nvfp4_modelopt,
);

/// Every format, with its reference.
pub fn of_every_format(check: impl Fn(&str, &CheckpointFiles, &reference::Golden)) {
    for format in FORMATS {
        let published = Published::of(format);
        check(format, &published.files(), &published.golden);
    }
}

#[test]
fn stored_as_they_are_they_give_the_same_ranks_as_in_float32_and_take_less() {
    for format in FORMATS {
        let published = Published::of(format);
        let mut sizes = Vec::new();
        let mut logits = Vec::new();
        for dequantisation in [Dequantisation::AtUse, Dequantisation::AtLoad] {
            let mut model = published.load(dequantisation).unwrap();
            sizes.push(model.decoder.bytes());
            let column = reference::uncached_column(
                &mut model,
                &[51, 262, 90].map(lenscape::trace::TokenId),
                lenscape::trace::TokenId(262),
            );
            logits.push(column);
        }
        assert!(2 * sizes[0] < sizes[1], "{format}: {sizes:?}");
        for (a, b) in logits[0].layers.values().zip(logits[1].layers.values()) {
            reference::close(a.score.logit, b.score.logit, 1e-4, format);
        }
    }
}

#[test]
fn the_memory_that_is_planned_is_that_of_the_blocks() {
    for format in FORMATS {
        let published = Published::of(format);
        let glance = model::glance(&published.files(), Dtype::Auto).unwrap();
        let model = published.load(Dequantisation::AtUse).unwrap();
        let blocks = model.decoder.bytes();
        assert!(glance.memory.weights > blocks, "{format}");
        let rest = model.unembed.bytes() + 4 * 1000;
        assert!(glance.memory.weights < blocks + rest, "{format}");
    }
}

#[test]
fn gguf_files_of_types_that_candle_does_not_read() {
    for (name, kind) in [
        ("gguf_iq4_nl", "IQ4_NL"),
        ("gguf_mxfp4", "MXFP4"),
        ("gguf_nvfp4", "NVFP4"),
    ] {
        let text = fs::read(here(&format!("{name}.json"))).unwrap();
        let mut all: Value = serde_json::from_slice(&text).unwrap();
        let golden: Golden = serde_json::from_value(all["golden"].take()).unwrap();
        let files = CheckpointFiles::Gguf(here(&format!("{name}.gguf")));
        golden.check(&files);
        let mix = model::describe(&files, Dtype::Auto).unwrap().storage;
        assert_eq!(mix.name, kind);
    }
}

/// Every type of block that candle does not read.
#[test]
fn blocks_widen_to_what_gguf_py_makes_of_them() {
    let types = [
        ("IQ4_NL", Storage::Iq4Nl),
        ("IQ4_XS", Storage::Iq4Xs),
        ("IQ3_S", Storage::Iq3S),
        ("IQ3_XXS", Storage::Iq3Xxs),
        ("IQ2_S", Storage::Iq2S),
        ("IQ2_XS", Storage::Iq2Xs),
        ("IQ2_XXS", Storage::Iq2Xxs),
        ("IQ1_S", Storage::Iq1S),
        ("IQ1_M", Storage::Iq1M),
        ("TQ1_0", Storage::Tq1_0),
        ("TQ2_0", Storage::Tq2_0),
        ("MXFP4", Storage::Mxfp4),
        ("NVFP4", Storage::Nvfp4),
    ];
    let text = fs::read(here("blocks.json")).unwrap();
    let all: Vec<Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(all.len(), types.len());
    for (name, storage) in types {
        let entry = all.iter().find(|entry| entry["type"] == name).unwrap();
        let bytes = |key: &str| {
            let digits = entry[key].as_str().unwrap().as_bytes();
            let pairs = digits.as_chunks::<2>().0.iter();
            let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            pairs.map(|pair| byte(pair).unwrap()).collect::<Vec<u8>>()
        };
        let values = bytes("values");
        let values = values.as_chunks::<4>().0.iter();
        let values: Vec<f32> = values.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let rows = Rows::new(storage, 256, bytes("blocks")).unwrap();
        assert_eq!(rows.dequantised(0, 2), values, "{name}");
    }
}

#[test]
fn settings_that_are_not_obeyed_are_refused_by_name() {
    for (format, pointer, value, parts) in [
        (
            "fp8_block",
            "/quant_method",
            json!("hqq"),
            &["`quantization_config`", "hqq"][..],
        ),
        (
            "fp8_block",
            "/fmt",
            json!("e5m2"),
            &["quantization_config.fmt", "e5m2", "e4m3"],
        ),
        (
            "fp8_block",
            "/expert_dtype",
            json!("fp4"),
            &["expert_dtype", "fp4"],
        ),
        (
            "fp8_block",
            "/weight_block_size",
            json!([0, 128]),
            &["weight_block_size"],
        ),
        (
            "fp8_block",
            "/weight_block_size",
            json!([64, 64]),
            &["down_proj.weight", "[136, 144]"],
        ),
        (
            "gptq",
            "/bits",
            json!(3),
            &["quantization_config.bits", "4", "8"],
        ),
        ("gptq", "/bits", json!(8), &["8-bit", "do not fit"]),
        ("gptq", "/group_size", json!(16), &["groups of 16"]),
        ("gptq", "/group_size", json!("x"), &["group_size"]),
        (
            "gptq",
            "/checkpoint_format",
            json!("marlin"),
            &["checkpoint_format", "marlin"],
        ),
        (
            "gptq",
            "/dynamic",
            json!({"x": {"bits": 8}}),
            &["quantization_config.dynamic"],
        ),
        (
            "gptq_no_gidx",
            "/desc_act",
            json!(true),
            &["`g_idx`", "desc_act"],
        ),
        (
            "awq",
            "/version",
            json!("gemv"),
            &["quantization_config.version", "gemm"],
        ),
        ("awq", "/bits", json!(3), &["quantization_config.bits"]),
        ("awq", "/group_size", json!(64), &["groups of 64"]),
        (
            "ct_pack",
            "/format",
            json!("marlin-24"),
            &["quantization_config.format", "marlin-24"],
        ),
        (
            "ct_pack",
            "/sparsity_config",
            json!({"format": "sparse-24"}),
            &["sparsity_config", "sparse-24"],
        ),
        (
            "ct_pack",
            "/transform_config",
            json!({"config_groups": {"a": {}}}),
            &["transform_config"],
        ),
        ("ct_pack", "/config_groups", json!(null), &["config_groups"]),
        (
            "ct_pack",
            "/config_groups/group_0/weights/num_bits",
            json!(3),
            &["weights.num_bits"],
        ),
        (
            "ct_pack",
            "/config_groups/group_0/weights/group_size",
            json!(64),
            &["do not fit"],
        ),
        (
            "nvfp4_modelopt",
            "/quant_algo",
            json!("W4A8_AWQ"),
            &["quant_algo", "W4A8_AWQ", "NVFP4"],
        ),
        (
            "nvfp4_modelopt",
            "/config_groups/group_0/weights/group_size",
            json!(32),
            &["group_size"],
        ),
    ] {
        let message = Published::of(format).with(pointer, value.clone()).refusal();
        for part in parts {
            assert!(
                message.contains(part),
                "{format} {pointer} {value}: {message}"
            );
        }
    }
}

#[test]
fn a_setting_that_nobody_knows_is_told() {
    let published = Published::of("gptq").with("/novelty", json!(1));
    let notes = published.load(Dequantisation::AtUse).unwrap().notes;
    let is_told = |note: &String| note.contains("`quantization_config.novelty`");
    assert_eq!(
        notes.iter().filter(|note| is_told(note)).count(),
        1,
        "{notes:?}"
    );
    let notes = Published::of("gptq")
        .load(Dequantisation::AtUse)
        .unwrap()
        .notes;
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn modules_that_are_left_as_they_are_need_not_be_listed() {
    // One matrix more in bfloat16: the list of such says nothing that the tensors do not.
    for lists in [
        json!(null),
        json!(["lm_head", "model.layers.0.self_attn.q_proj"]),
    ] {
        let published = Published::of("fp8_tensor").with("/modules_to_not_convert", lists);
        published.golden.check(&published.files());
    }
}

/// A part of a matrix that is missing or does not fit is told with the name of the matrix.
#[test]
fn parts_that_are_missing_or_do_not_fit_are_refused_by_name() {
    for (format, part) in [
        ("awq", "qzeros"),
        ("awq", "scales"),
        ("bnb_int8", "weight"),
        ("bnb_nf4", "weight.absmax"),
        ("bnb_nf4_double", "weight.nested_absmax"),
        ("bnb_nf4_double", "weight.nested_quant_map"),
        ("ct_float", "weight_scale"),
        ("ct_int", "weight_scale"),
        ("ct_pack", "weight_scale"),
        ("ct_pack", "weight_shape"),
        ("fp8_block", "weight_scale_inv"),
        ("gptq", "qzeros"),
        ("gptq", "scales"),
        ("nvfp4_ct", "weight_scale"),
        ("nvfp4_ct", "weight_packed"),
        ("nvfp4_modelopt", "weight"),
    ] {
        let name = format!("model.layers.0.mlp.up_proj.{part}");
        let message = Published::of(format)
            .with_header(|header| {
                header.remove(&name).unwrap();
            })
            .refusal();
        assert!(
            message.contains("layers.0.mlp.up_proj"),
            "{format} {part}: {message}"
        );

        // Half of what is there, as one row more than there is.
        let message = Published::of(format)
            .with_header(|header| {
                let entry = &mut header[&name];
                let [start, end] =
                    [0_usize, 1].map(|at| entry["data_offsets"][at].as_u64().unwrap());
                let size = match entry["dtype"].as_str().unwrap() {
                    "F32" | "I32" => 4,
                    "BF16" | "F16" => 2,
                    "I64" => 8,
                    _ => 1,
                };
                let count = (end - start) / size / 2;
                entry["data_offsets"] = json!([start, start + count * size]);
                entry["shape"] = json!([count]);
            })
            .refusal();
        assert!(
            message.contains("layers.0.mlp.up_proj"),
            "{format} {part}: {message}"
        );
    }
}

#[test]
fn a_truncated_shard_is_refused() {
    for format in FORMATS {
        let published = Published::of(format);
        let path = published.path("model-00002-of-00002.safetensors");
        let bytes = fs::read(&path).unwrap();
        for length in [0, 7, 100, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            let message = published.refusal();
            assert!(
                message.contains("model-00002-of-00002"),
                "{format}: {message}"
            );
        }
    }
}

#[test]
fn settings_beside_the_configuration_are_found() {
    let mut published = Published::of("nvfp4_modelopt");
    published
        .config
        .as_object_mut()
        .unwrap()
        .remove("quantization_config");
    published.configure();
    let beside = json!({
        "producer": {"name": "modelopt"},
        "quantization": {"quant_algo": "NVFP4", "group_size": 16, "exclude_modules": ["lm_head"]},
    });
    fs::write(published.path("hf_quant_config.json"), beside.to_string()).unwrap();
    published.golden.check(&published.files());
    let beside = json!({"quantization": {"quant_algo": "INT4_AWQ"}});
    fs::write(published.path("hf_quant_config.json"), beside.to_string()).unwrap();
    assert!(published.refusal().contains("INT4_AWQ"));
}

#[test]
fn the_types_are_told_in_words() {
    for (format, name, kind) in [
        ("awq", "AWQ INT4 g32", "INT4 g32"),
        ("bnb_nf4_double", "bitsandbytes NF4", "NF4"),
        (
            "ct_pack_8bit",
            "compressed-tensors INT8 per row",
            "INT8 per row",
        ),
        ("fp8_block", "FP8 128×128", "FP8 128×128"),
        ("gptq", "GPTQ INT4 g128", "INT4 g128"),
        ("nvfp4_modelopt", "modelopt NVFP4", "NVFP4"),
    ] {
        let published = Published::of(format);
        let mix = model::describe(&published.files(), Dtype::Auto)
            .unwrap()
            .storage;
        assert_eq!(mix.name, name);
        assert!(mix.shares.iter().any(|share| share.kind == kind), "{mix:?}");
    }
}

/// Single matrices, of formats whose models are larger than a test's.
mod matrices {
    use super::*;
    use lenscape::model::config::Quantisation;
    use lenscape::model::weights::{Folder, Part, Weights};

    struct Tensor {
        name: &'static str,
        dtype: &'static str,
        shape: Vec<usize>,
        bytes: Vec<u8>,
    }

    fn tensor(name: &'static str, dtype: &'static str, shape: &[usize], bytes: Vec<u8>) -> Tensor {
        Tensor {
            name,
            dtype,
            shape: shape.to_vec(),
            bytes,
        }
    }

    fn open(tensors: &[Tensor], settings: Value) -> Result<(TempDir, Weights), ModelError> {
        let folder = TempDir::new().unwrap();
        let mut header = serde_json::Map::new();
        let mut data = Vec::new();
        for tensor in tensors {
            let start = data.len();
            data.extend(&tensor.bytes);
            let entry = json!({
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "data_offsets": [start, data.len()],
            });
            header.insert(tensor.name.to_owned(), entry);
        }
        let header = Value::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        let bytes = [&length[..], header.as_bytes(), &data].concat();
        fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let quantisation = Quantisation {
            place: "config.json".into(),
            key: "quantization_config".into(),
            value: settings,
        };
        let weights = Weights::Folder(Folder::open(
            folder.path(),
            Part::Whole,
            Some(quantisation),
        )?);
        Ok((folder, weights))
    }

    fn values(weights: &Weights, name: &str) -> Vec<f32> {
        let tensor = weights.read(name).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn some(count: usize) -> Vec<u8> {
        (0..count).map(|i| (i * 37 % 251) as u8).collect()
    }

    const E2M1: [f32; 16] = [
        0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
    ];

    /// Two codes a byte, the lower bits first.
    fn codes(bytes: &[u8]) -> Vec<u8> {
        bytes
            .iter()
            .flat_map(|byte| [byte & 15, byte >> 4])
            .collect()
    }

    #[test]
    fn stacked_experts_in_mxfp4_have_neighbours_in_a_byte_and_a_power_of_two_for_32() {
        let (blocks, scales) = (some(2 * 3 * 2 * 16), (115..127).collect::<Vec<u8>>());
        let tensors = [
            tensor("e.down_proj_blocks", "U8", &[2, 3, 2, 16], blocks.clone()),
            tensor("e.down_proj_scales", "U8", &[2, 3, 2], scales.clone()),
        ];
        let (_folder, weights) = open(&tensors, json!({"quant_method": "mxfp4"})).unwrap();
        assert_eq!(weights.names(), ["e.down_proj"]);
        assert_eq!(weights.shape("e.down_proj"), Some(&[2, 3, 64][..]));
        let expected: Vec<f32> = codes(&blocks)
            .into_iter()
            .enumerate()
            .map(|(i, code)| E2M1[usize::from(code)] * 2_f32.powi(i32::from(scales[i / 32]) - 127))
            .collect();
        assert_eq!(values(&weights, "e.down_proj"), expected);
        assert_eq!(weights.mix().name, "MXFP4");
        assert_eq!(weights.sizes()[0].stored, Some(2 * 3 * 2 * 17));
    }

    #[test]
    fn mxfp4_whose_parts_do_not_fit_is_refused() {
        let blocks = || tensor("e.w_blocks", "U8", &[3, 2, 16], some(96));
        for (scales, part) in [
            (tensor("e.w_scales", "U8", &[2, 3], some(6)), "do not fit"),
            (tensor("e.w_scales", "F16", &[3, 2], some(12)), "do not fit"),
            (tensor("e.other", "U8", &[3, 2], some(6)), "`e.w_scales`"),
        ] {
            let error = open(&[blocks(), scales], json!({"quant_method": "mxfp4"}));
            let message = error.map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        let scales = tensor("e.w_scales", "U8", &[3, 2], vec![255; 6]);
        let (_folder, weights) =
            open(&[blocks(), scales], json!({"quant_method": "mxfp4"})).unwrap();
        let message = weights.read("e.w").unwrap_err().to_string();
        assert!(
            message.contains("`e.w`") && message.contains("no number"),
            "{message}"
        );
    }

    fn floats(numbers: &[f32]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    /// 1, 2, 3 and so on, times a power of two, in `E4M3`.
    fn e4m3(count: usize) -> (Vec<u8>, Vec<f32>) {
        let code = |i: usize| (i * 29 % 0x7f) as u8 | ((i % 2) as u8) << 7;
        let number = |code: u8| {
            let (exponent, mantissa) = (i32::from(code >> 3 & 15), f32::from(code & 7));
            let size = match exponent {
                0 => mantissa * 2_f32.powi(-9),
                _ => (1.0 + mantissa / 8.0) * 2_f32.powi(exponent - 7),
            };
            if code >> 7 == 1 { -size } else { size }
        };
        let codes: Vec<u8> = (0..count).map(code).collect();
        let numbers = codes.iter().map(|code| number(*code)).collect();
        (codes, numbers)
    }

    #[test]
    fn fp8_has_scales_of_the_whole_of_rows_or_of_rectangles_of_each_expert() {
        let fp8 = json!({"quant_method": "fp8", "weight_block_size": [2, 4]});
        let (codes, numbers) = e4m3(2 * 3 * 6);
        // The shape of the scales, and which one is of each weight.
        type Of = fn(usize, usize, usize) -> usize;
        let cases: [(&[usize], Of); 6] = [
            (&[], |_, _, _| 0),
            (&[2], |expert, _, _| expert),
            (&[2, 1, 1], |expert, _, _| expert),
            (&[2, 3, 1], |expert, row, _| 3 * expert + row),
            (&[2, 2, 2], |expert, row, column| {
                4 * expert + 2 * (row / 2) + column / 4
            }),
            (&[2, 2], |_, row, column| 2 * (row / 2) + column / 4),
        ];
        for (shape, of) in cases {
            let count = shape.iter().product::<usize>();
            let scales: Vec<f32> = (0..count).map(|i| 0.1 + i as f32).collect();
            let tensors = [
                tensor("e.up", "F8_E4M3", &[2, 3, 6], codes.clone()),
                tensor("e.up_scale_inv", "F32", shape, floats(&scales)),
                tensor("e.up_activation_scale", "F32", &[], floats(&[1.0])),
            ];
            if shape == [2, 2] {
                // Of the first expert alone, or of both: the files do not say.
                assert!(open(&tensors, fp8.clone()).is_err());
                continue;
            }
            let (_folder, weights) = open(&tensors, fp8.clone()).unwrap();
            let weight = |i: usize| numbers[i] * scales[of(i / 18, i / 6 % 3, i % 6)];
            let expected: Vec<f32> = (0..36).map(weight).collect();
            assert_eq!(values(&weights, "e.up"), expected, "{shape:?}");
            assert_eq!(weights.names(), ["e.up"]);
        }
    }

    #[test]
    fn fp8_of_other_tools_is_read_by_the_name_of_its_scales() {
        let (codes, numbers) = e4m3(3 * 5);
        for (settings, shape) in [
            (json!({"quant_method": "fbgemm_fp8"}), &[3, 1][..]),
            (
                json!({"quant_method": "modelopt", "quant_algo": "FP8"}),
                &[],
            ),
        ] {
            let count = shape.iter().product::<usize>();
            let scales: Vec<f32> = (0..count).map(|i| 0.1 + i as f32).collect();
            let tensors = [
                tensor("m.weight", "F8_E4M3", &[3, 5], codes.clone()),
                tensor("m.weight_scale", "F32", shape, floats(&scales)),
                tensor("m.input_scale", "F32", &[], floats(&[1.0])),
            ];
            let (_folder, weights) = open(&tensors, settings).unwrap();
            let expected = numbers.iter().enumerate();
            let expected = expected.map(|(i, number)| number * scales[(i / 5).min(count - 1)]);
            assert_eq!(values(&weights, "m.weight"), expected.collect::<Vec<f32>>());
            assert_eq!(weights.names(), ["m.weight"]);
        }
    }

    #[test]
    fn a_column_order_of_compressed_tensors_is_obeyed() {
        let group = json!({"weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "actorder": "group"}});
        let settings = json!({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": group}});
        let words = some(2 * 8 * 4);
        let index: Vec<i32> = (0..64).map(|column| column % 2).collect();
        let scales = [0.5, 0.25, 3.0, 0.1];
        let tensors = [
            tensor("m.weight_packed", "I32", &[2, 8], words.clone()),
            tensor("m.weight_scale", "F32", &[2, 2], floats(&scales)),
            tensor(
                "m.weight_shape",
                "I64",
                &[2],
                [2_i64, 64].iter().flat_map(|n| n.to_le_bytes()).collect(),
            ),
            tensor(
                "m.weight_g_idx",
                "I32",
                &[64],
                index.iter().flat_map(|n| n.to_le_bytes()).collect(),
            ),
        ];
        let (_folder, weights) = open(&tensors, settings).unwrap();
        let expected: Vec<f32> = codes(&words)
            .into_iter()
            .enumerate()
            .map(|(i, code)| (f32::from(code) - 8.0) * scales[2 * (i / 64) + i % 2])
            .collect();
        assert_eq!(values(&weights, "m.weight"), expected);
    }

    #[test]
    fn a_table_of_its_own_is_obeyed() {
        let map: Vec<f32> = (0..16).map(|i| (i as f32 - 7.5) / 8.0).collect();
        let bytes = some(3 * 4);
        let state = json!({"quant_type": "nf4", "blocksize": 8, "shape": [3, 8]}).to_string();
        let name = "m.weight.quant_state.bitsandbytes__nf4";
        let absmax = [1.0, 0.5, 0.3];
        let tensors = [
            tensor("m.weight", "U8", &[12, 1], bytes.clone()),
            tensor("m.weight.absmax", "F32", &[3], floats(&absmax)),
            tensor("m.weight.quant_map", "F32", &[16], floats(&map)),
            tensor(name, "U8", &[state.len()], state.into_bytes()),
        ];
        let (_folder, weights) = open(&tensors, json!({"quant_method": "bitsandbytes"})).unwrap();
        let codes = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let weight = |(i, code): (usize, u8)| map[usize::from(code)] * absmax[i / 8];
        let expected: Vec<f32> = codes.enumerate().map(weight).collect();
        assert_eq!(values(&weights, "m.weight"), expected);
    }
}
