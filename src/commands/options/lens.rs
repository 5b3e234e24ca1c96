//! Which lens, and the files of fitted ones.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::engine::LensFile;
use crate::lens::kinds;
use crate::trace::{LensKind, Rows};

/// A lens, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LensChoice {
    /// Final norm and unembedding at every layer.
    Normed,
    /// No final norm but at the last layer, as in the article's figures.
    Raw,
    /// A fitted map at every layer, then final norm and unembedding: predicts the next token.
    Tuned,
    /// The mean Jacobian to the last layer, then final norm and unembedding: what a layer disposes
    /// the model to say sometime later.
    Jacobian,
}

impl From<LensChoice> for LensKind {
    fn from(choice: LensChoice) -> Self {
        match choice {
            LensChoice::Normed => Self::Normed,
            LensChoice::Raw => Self::Raw,
            LensChoice::Tuned => Self::Tuned,
            LensChoice::Jacobian => Self::Jacobian,
        }
    }
}

/// Which rows, as it is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowsChoice {
    /// The stream after each layer.
    Layers,
    /// The stream inside each layer too, as L5.attn.
    Sublayers,
}

impl From<RowsChoice> for Rows {
    fn from(choice: RowsChoice) -> Self {
        match choice {
            RowsChoice::Layers => Self::Layers,
            RowsChoice::Sublayers => Self::Sublayers,
        }
    }
}

/// Which lens, at which rows, and the files of fitted ones.
#[derive(Args, Clone, Debug, Default)]
pub struct LensOptions {
    /// The lens: with the final norm at every layer (the default), without it as in the article, or
    /// one that was fitted to the model.
    #[arg(long)]
    pub lens: Option<LensChoice>,
    /// A fitted lens: a tuned lens' folder, or a Jacobian lens' .pt or .safetensors file; without
    /// it the hub is asked. One of each kind may be given.
    #[arg(long, value_name = "PATH")]
    pub lens_file: Vec<PathBuf>,
    /// Where the stream is read: after each layer, or inside each layer too, after its attention
    /// (L5.attn), or with what each part adds where they stand side by side (L5.in+attn, L5.in+mlp).
    #[arg(long, value_name = "ROWS")]
    pub rows: Option<RowsChoice>,
}

/// A path that holds no lens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--lens-file {}: is no fitted lens; a tuned lens is a folder with config.json and params.pt, a \
     Jacobian lens a .pt or .safetensors file",
    .0.display()
)]
pub struct NoLens(PathBuf);

impl LensOptions {
    /// The lens that is asked for, or that of the first file.
    #[must_use]
    pub fn asked(&self) -> Option<LensKind> {
        let of_file = || kinds::at(self.lens_file.first()?);
        self.lens.map(LensKind::from).or_else(of_file)
    }

    /// The rows that are asked for.
    #[must_use]
    pub fn rows(&self) -> Option<Rows> {
        self.rows.map(Rows::from)
    }

    /// The files, and which lens each one is: where it is the only one, the one that is asked for.
    ///
    /// # Errors
    /// Where a path holds no lens.
    pub fn files(&self) -> Result<Vec<LensFile>, NoLens> {
        let asked = self.lens.map(LensKind::from);
        let asked = asked.filter(|lens| lens.is_fitted() && self.lens_file.len() == 1);
        let files = self.lens_file.iter().map(|path| {
            let lens = asked.or_else(|| kinds::at(path));
            Ok(LensFile {
                lens: lens.ok_or_else(|| NoLens(path.clone()))?,
                path: path.clone(),
            })
        });
        files.collect()
    }
}
