//! A checkpoint → a decoder that yields every layer's state.
//!
//! [`weights`] reads tensors from GGUF and safetensors alike; [`families`] says, as data, how a
//! checkpoint's hyperparameters and tensor names become a [`spec::Spec`] and a
//! [`layout::Layout`]; [`decoder`] is the one block loop that serves them all. What flows out is
//! a [`Model`]: the decoder, the head that the lens shares, and the tokenizer. [`holding`]
//! says whether a matrix is widened or stays as it is stored ([`weight`]), and [`dtype`] what is
//! rounded when.
//!
//! Adding an architecture is one file in `families/` and one line in [`families::ALL`].

pub mod alibi;
pub mod attention;
pub mod block;
pub mod checkpoint;
pub mod config;
pub mod decoder;
pub mod dtype;
pub mod error;
pub mod experts;
pub mod families;
pub mod feed_forward;
pub mod head;
pub mod holding;
pub mod intervention;
pub mod json;
pub mod kv_cache;
pub mod layout;
pub mod linear;
pub mod load;
pub mod matvec;
pub mod memory;
pub mod mixer;
pub mod mixing;
pub mod mlp;
pub mod norm;
pub mod per_layer;
pub mod rope;
pub mod spec;
pub mod split;
pub mod tokenizer;
pub mod weight;
pub mod weights;

pub use dtype::Dtype;
pub use error::ModelError;
pub use holding::Holding;
pub use load::{Description, Glance, Model, describe, glance, load, load_with};
