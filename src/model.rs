//! A checkpoint → a decoder that yields every layer's state.
//!
//! [`weights`] reads tensors from GGUF and safetensors alike; [`families`] says, as data, how a
//! checkpoint's hyperparameters and tensor names become a [`spec::Spec`] and a
//! [`layout::Layout`]; [`decoder`] is the one block loop that serves them all. What flows out is
//! a [`Model`]: the decoder, the head that the lens shares, and the tokenizer. [`dequantisation`]
//! says when a matrix is dequantised ([`weight`]), and [`dtype`] what is
//! rounded when. [`device`] is where a model can run, and [`placement`] which part of it runs where.
//!
//! Adding an architecture is one file in `families/` and one line in [`families::ALL`].

pub mod alibi;
pub mod attention;
pub mod block;
pub mod checkpoint;
pub mod config;
pub mod decoder;
pub mod decomposition;
pub mod dequantisation;
pub mod device;
pub mod dtype;
pub mod error;
pub mod experts;
pub mod families;
pub mod feed_forward;
pub mod intervention;
pub mod json;
pub mod kv_cache;
pub mod laurel;
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
pub mod placement;
pub mod rope;
pub mod router;
pub mod sinusoids;
pub mod spec;
pub mod streams;
pub mod tokenizer;
pub mod unembed;
pub mod weight;
pub mod weights;

pub use dequantisation::Dequantisation;
pub use dtype::Dtype;
pub use error::ModelError;
pub use load::{Description, Glance, Model, describe, glance, load, load_head, load_with};
