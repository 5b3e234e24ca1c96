//! Checkpoints of every kind, made from the fixtures while the tests run.

#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod gguf;
mod pytorch;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use tempfile::TempDir;

pub use gguf::{Gguf, gguf_fixtures, gguf_of};
pub use pytorch::{
    Jacobian, write_jacobian, write_legacy_pytorch, write_pytorch, write_training_state,
};

/// Tensors by name.
pub type Tensors = HashMap<String, Tensor>;

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The names of all fixtures.
pub fn fixtures() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(fixture(""))
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The tensors of a fixture, in float32.
pub fn tensors(name: &str) -> Tensors {
    let path = fixture(name).join("model.safetensors");
    let stored = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    cast(&stored, DType::F32)
}

/// All tensors in another type.
pub fn cast(tensors: &Tensors, dtype: DType) -> Tensors {
    tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.to_dtype(dtype).unwrap()))
        .collect()
}

/// A copy of a fixture that can be damaged; it is gone when the value is.
pub struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Everything but the reference values.
    pub fn of(name: &str) -> Self {
        let copy = Self::without_weights(name);
        let weights = fs::read(fixture(name).join("model.safetensors")).unwrap();
        copy.write("model.safetensors", &weights);
        copy
    }

    /// The small files only.
    pub fn without_weights(name: &str) -> Self {
        let copy = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for file in [
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
        ] {
            if let Ok(bytes) = fs::read(fixture(name).join(file)) {
                copy.write(file, &bytes);
            }
        }
        copy
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(file);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path().join(file)).unwrap()
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.path().join(file)).unwrap();
    }

    /// Cuts a file off after so many bytes.
    pub fn truncate(&self, file: &str, bytes: usize) {
        let whole = self.read(file);
        self.write(file, &whole[..bytes]);
    }

    pub fn write_safetensors(&self, file: &str, tensors: &Tensors) {
        candle_core::safetensors::save(tensors, self.path().join(file)).unwrap();
    }

    /// The tensors in `count` files, with the index that says which is where.
    pub fn write_shards(&self, tensors: &Tensors, count: usize) {
        let mut index = HashMap::new();
        for (number, part) in parts(tensors, count).iter().enumerate() {
            let file = format!("model-{:05}-of-{count:05}.safetensors", number + 1);
            self.write_safetensors(&file, part);
            index.extend(part.keys().map(|name| (name.clone(), file.clone())));
        }
        self.write_index("model.safetensors.index.json", &index);
    }

    /// The same in the older kind of file.
    pub fn write_pytorch_shards(&self, tensors: &Tensors, count: usize) {
        let mut index = HashMap::new();
        for (number, part) in parts(tensors, count).iter().enumerate() {
            let file = format!("pytorch_model-{:05}-of-{count:05}.bin", number + 1);
            write_pytorch(&self.path().join(&file), part);
            index.extend(part.keys().map(|name| (name.clone(), file.clone())));
        }
        self.write_index("pytorch_model.bin.index.json", &index);
    }

    pub fn write_index(&self, file: &str, weight_map: &HashMap<String, String>) {
        let json = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": weight_map});
        self.write(file, json.to_string().as_bytes());
    }

    /// Changes one value of `config.json`.
    pub fn configure(&self, key: &str, value: serde_json::Value) {
        let mut config: serde_json::Value =
            serde_json::from_slice(&self.read("config.json")).unwrap();
        config[key] = value;
        self.write("config.json", config.to_string().as_bytes());
    }
}

/// The tensors in `count` parts, in the order of their names.
pub fn parts(tensors: &Tensors, count: usize) -> Vec<Tensors> {
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    names
        .chunks(names.len().div_ceil(count))
        .map(|part| {
            part.iter()
                .map(|name| ((*name).clone(), tensors[*name].clone()))
                .collect()
        })
        .collect()
}
