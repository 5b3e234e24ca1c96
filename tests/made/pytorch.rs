//! `pytorch_model.bin`, as `torch.save` writes a state dict since PyTorch 1.6: a zip archive with a
//! pickle that describes the tensors, and one uncompressed file a storage.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use candle_core::{DType, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Tensors;

/// Writes a state dict.
pub fn write_pytorch(path: &Path, tensors: &Tensors) {
    write_archive(path, &pickle_of(tensors), tensors);
}

fn write_archive(path: &Path, pickle: &[u8], tensors: &Tensors) {
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    zip.start_file("archive/data.pkl", options).unwrap();
    zip.write_all(pickle).unwrap();
    for (key, name) in names.iter().enumerate() {
        zip.start_file(format!("archive/data/{key}"), options)
            .unwrap();
        zip.write_all(&bytes(&tensors[*name])).unwrap();
    }
    zip.finish().unwrap();
}

/// The pickle of a state dict, by the op-codes that `torch.save` uses. Storages are numbered in the
/// order of the tensors' names.
fn pickle_of(tensors: &Tensors) -> Vec<u8> {
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    let mut out = vec![0x80, 2];
    out.extend(b"ccollections\nOrderedDict\nq\x00)R(");
    for (key, name) in names.iter().enumerate() {
        let tensor = &tensors[*name];
        text(&mut out, name);
        described(&mut out, key, tensor);
    }
    // The dictionary's own attribute `_metadata`, as modules save it.
    out.extend(b"u}");
    text(&mut out, "_metadata");
    out.extend(b"}sb.");
    out
}

/// A tensor whose numbers are in the storage of this number.
fn described(out: &mut Vec<u8>, key: usize, tensor: &Tensor) {
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(format!("ctorch\n{}\n", storage(tensor.dtype())).bytes());
    text(out, &key.to_string());
    text(out, "cpu");
    number(out, tensor.elem_count());
    out.extend(b"tQK\x00");
    numbers(out, tensor.dims());
    numbers(out, tensor.stride());
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
}

/// A Jacobian lens, as its authors' program saves it.
pub struct Jacobian {
    /// `J`, unless it is to be called something else.
    pub matrices_key: &'static str,
    /// By layer.
    pub matrices: Vec<(i64, Tensor)>,
    pub d_model: Option<usize>,
    pub n_prompts: Option<usize>,
    pub source_layers: Option<Vec<usize>>,
    /// Numbers are written as numbers.
    pub provenance: Vec<(&'static str, &'static str)>,
}

impl Jacobian {
    /// One with the same matrix for each of these layers.
    pub fn of(layers: &[i64], matrix: &Tensor) -> Self {
        Self {
            matrices_key: "J",
            matrices: layers
                .iter()
                .map(|layer| (*layer, matrix.clone()))
                .collect(),
            d_model: Some(matrix.dims()[0]),
            n_prompts: Some(100),
            source_layers: None,
            provenance: Vec::new(),
        }
    }
}

/// Writes a Jacobian lens.
pub fn write_jacobian(path: &Path, lens: &Jacobian) {
    let mut out = vec![0x80, 2, b'}', b'('];
    text(&mut out, lens.matrices_key);
    out.extend(b"}(");
    let mut storages = Tensors::new();
    for (key, (layer, matrix)) in lens.matrices.iter().enumerate() {
        out.push(b'J');
        out.extend((*layer as i32).to_le_bytes());
        described(&mut out, key, matrix);
        // Storages are numbered in the order of their names.
        storages.insert(format!("{key:04}"), matrix.clone());
    }
    out.push(b'u');
    for (key, value) in [("d_model", lens.d_model), ("n_prompts", lens.n_prompts)] {
        if let Some(value) = value {
            text(&mut out, key);
            number(&mut out, value);
        }
    }
    if let Some(layers) = &lens.source_layers {
        text(&mut out, "source_layers");
        out.extend(b"](");
        layers.iter().for_each(|layer| number(&mut out, *layer));
        out.push(b'e');
    }
    if !lens.provenance.is_empty() {
        text(&mut out, "provenance");
        out.extend(b"}(");
        for (key, value) in &lens.provenance {
            text(&mut out, key);
            match value.parse::<usize>() {
                Ok(value) => number(&mut out, value),
                Err(_) => text(&mut out, value),
            }
        }
        out.push(b'u');
    }
    out.extend(b"u.");
    write_archive(path, &out, &storages);
}

fn storage(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "HalfStorage",
        DType::BF16 => "BFloat16Storage",
        DType::F64 => "DoubleStorage",
        _ => "FloatStorage",
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.bytes());
}

fn number(out: &mut Vec<u8>, number: usize) {
    out.push(b'J');
    out.extend((number as i32).to_le_bytes());
}

fn numbers(out: &mut Vec<u8>, all: &[usize]) {
    out.push(b'(');
    all.iter().for_each(|n| number(out, *n));
    out.push(b't');
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    let mut out = Vec::new();
    tensor.write_bytes(&mut out).unwrap();
    out
}

/// Writes a state dict as `torch.save` did before PyTorch 1.6.
pub fn write_legacy_pytorch(path: &Path, tensors: &Tensors) {
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    // The magic number, the version, and what machine it was.
    let mut out =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    out.extend(b"\x80\x02}q\x00X\x0d\0\0\0little_endianq\x01\x88s.");
    out.extend(pickle_of(tensors));
    out.extend(b"\x80\x02]q\x00(");
    (0..names.len()).for_each(|key| text(&mut out, &key.to_string()));
    out.extend(b"e.");
    for name in names {
        out.extend((tensors[name].elem_count() as u64).to_le_bytes());
        out.extend(bytes(&tensors[name]));
    }
    std::fs::write(path, out).unwrap();
}

/// Writes a state dict beside other things, under a name of its own, as training tools do.
pub fn write_training_state(path: &Path, name: &str, tensors: &Tensors) {
    let state_dict = pickle_of(tensors);
    let mut pickle = vec![0x80, 2, b'}', b'('];
    text(&mut pickle, "epoch");
    number(&mut pickle, 3);
    text(&mut pickle, name);
    // Without the protocol before it and the end behind it.
    pickle.extend(&state_dict[2..state_dict.len() - 1]);
    pickle.extend(b"u.");
    write_archive(path, &pickle, tensors);
}
