//! The unembedding where a model ties it to the embedding: whether the files hold it once more,
//! and what counts where they hold another matrix under its name. As transformers 5 does it.

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::model::checkpoint::Unused;
use lenscape::model::{self, Description, Dtype};

use super::{columns, folder, of_every_fixture};
use crate::made::{self, Copy, Tensors, gguf_of, write_pytorch};

fn description(files: &CheckpointFiles) -> Description {
    model::describe(files, Dtype::Auto).unwrap()
}

/// The name of the embedding, and of the unembedding beside it.
fn names(tensors: &Tensors) -> (String, &'static str) {
    let embeddings = [
        "embed_tokens.weight",
        "wte.weight",
        "word_embeddings.weight",
        "embed_in.weight",
        "tok_embeddings.weight",
        "embeddings.weight",
    ];
    let is_embedding = |name: &&String| embeddings.iter().any(|end| name.ends_with(end));
    let embedding = tensors.keys().find(is_embedding).unwrap();
    let head = match embedding {
        name if name.ends_with("embed_in.weight") => "embed_out.weight",
        name if name.ends_with("tok_embeddings.weight") => "output.weight",
        _ => "lm_head.weight",
    };
    (embedding.clone(), head)
}

/// A copy of a fixture whose configuration ties the two, with `own` for an unembedding.
fn tied(name: &str, own: impl Fn(&Tensor) -> Tensor) -> (Copy, String) {
    let mut tensors = made::tensors(name);
    let (embedding, head) = names(&tensors);
    let matrix = own(&tensors[&embedding]);
    tensors.insert(head.to_owned(), matrix);
    let copy = Copy::without_weights(name);
    copy.configure("tie_word_embeddings", true.into());
    copy.write_safetensors("model.safetensors", &tensors);
    (copy, head.to_owned())
}

fn doubled(tensor: &Tensor) -> Tensor {
    (tensor * 2.0).unwrap()
}

#[test]
fn a_matrix_that_differs_counts_in_every_architecture() {
    of_every_fixture(|name| {
        let (copy, head) = tied(name, doubled);
        let expected = Copy::without_weights(name);
        expected.configure("tie_word_embeddings", false.into());
        expected.write("model.safetensors", &copy.read("model.safetensors"));
        let (files, expected) = (folder(&copy), folder(&expected));
        assert_eq!(columns(&files), columns(&expected), "{name}");
        let tensors = description(&files).tensors().unwrap();
        assert!(tensors.used.contains(&head), "{name}");
        let note = tensors.notes.join(" ");
        assert!(
            note.contains(&head) && note.contains("another matrix"),
            "{name}: {note}"
        );
    });
}

#[test]
fn the_embedding_once_more_is_told_as_that_and_not_used() {
    of_every_fixture(|name| {
        let (copy, head) = tied(name, Tensor::clone);
        let tensors = description(&folder(&copy)).tensors().unwrap();
        let copied = (head, Unused::CopyOfEmbedding);
        assert_eq!(tensors.unused, [copied], "{name}");
        assert_eq!(tensors.notes, Vec::<String>::new(), "{name}");
        columns(&folder(&copy));
    });
}

#[test]
fn a_configuration_that_leaves_it_to_its_architecture_ties_the_two_as_well() {
    let (copy, head) = tied("gpt2", doubled);
    let config = String::from_utf8(copy.read("config.json")).unwrap();
    let config = config.replace("\"tie_word_embeddings\":true", "\"x\":0");
    assert!(!config.contains("tie_word"));
    copy.write("config.json", config.as_bytes());
    let tensors = description(&folder(&copy)).tensors().unwrap();
    assert!(tensors.used.contains(&head) && tensors.notes.len() == 1);
}

/// The last row of the last panel counts like the first.
#[test]
fn one_number_makes_the_difference() {
    let last = |tensor: &Tensor| {
        let mut values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        *values.last_mut().unwrap() += 1.0;
        Tensor::from_vec(values, tensor.shape(), tensor.device()).unwrap()
    };
    let (copy, head) = tied("llama", last);
    let tensors = description(&folder(&copy)).tensors().unwrap();
    assert!(tensors.used.contains(&head));
}

/// In a PyTorch file both names are of one storage, or of two with the same numbers.
#[test]
fn a_pytorch_file_holds_the_embedding_twice() {
    let mut tensors = made::tensors("llama");
    let (embedding, head) = names(&tensors);
    tensors.insert(head.to_owned(), tensors[&embedding].clone());
    let copy = Copy::without_weights("llama");
    write_pytorch(&copy.path().join("pytorch_model.bin"), &tensors);
    let found = description(&folder(&copy)).tensors().unwrap();
    assert_eq!(found.unused, [(head.to_owned(), Unused::CopyOfEmbedding)]);
}

/// The same numbers in another type are the same numbers.
#[test]
fn the_type_of_a_copy_does_not_matter() {
    let mut tensors = made::cast(&made::tensors("llama"), DType::BF16);
    let (embedding, head) = names(&tensors);
    let wide = tensors[&embedding].to_dtype(DType::F64).unwrap();
    tensors.insert(head.to_owned(), wide);
    let copy = Copy::without_weights("llama");
    copy.write_safetensors("model.safetensors", &tensors);
    let found = description(&folder(&copy)).tensors().unwrap();
    assert_eq!(found.unused, [(head.to_owned(), Unused::CopyOfEmbedding)]);
}

/// Either of the two may be the one that is stored.
#[test]
fn a_tied_embedding_may_be_stored_as_the_unembedding() {
    of_every_fixture(|name| {
        let mut tensors = made::tensors(name);
        let (embedding, head) = names(&tensors);
        // A model with two matrices is no model that ties them.
        if tensors.contains_key(head) {
            return;
        }
        let matrix = tensors.remove(&embedding).unwrap();
        tensors.insert(head.to_owned(), matrix);
        let copy = Copy::without_weights(name);
        copy.write_safetensors("model.safetensors", &tensors);
        let original = CheckpointFiles::Folder(made::fixture(name));
        assert_eq!(columns(&folder(&copy)), columns(&original), "{name}");
    });
}

#[test]
fn a_gguf_file_may_hold_the_embedding_once_more() {
    let mut gguf = gguf_of("llama");
    let embedding = gguf.tensors["token_embd.weight"].clone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    gguf.tensors
        .insert("output.weight".into(), embedding.clone());
    gguf.write(&path, GgmlDType::Q8_0);
    let files = CheckpointFiles::Gguf(path.clone());
    let found = description(&files).tensors().unwrap();
    let copied = ("output.weight".to_owned(), Unused::CopyOfEmbedding);
    assert_eq!(found.unused, [copied]);
    columns(&files);

    gguf.tensors
        .insert("output.weight".into(), doubled(&embedding));
    gguf.write(&path, GgmlDType::Q8_0);
    let found = description(&files).tensors().unwrap();
    assert!(found.used.contains(&"output.weight".to_owned()));
    assert_eq!(found.notes, Vec::<String>::new());
}
