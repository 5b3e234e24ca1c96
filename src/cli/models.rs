//! `lenscape models`.

use clap::{Args, Subcommand};

use super::{DtypeChoice, ReportFormat};

/// Options of `lenscape models`.
#[derive(Args, Debug)]
pub struct Models {
    /// What to do; without it, the catalog is listed.
    #[command(subcommand)]
    pub command: Option<ModelsCommand>,
}

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Fetch a model, so that it is there when it is needed.
    #[command(after_help = "Example:\n  lenscape models pull smollm2-135m")]
    Pull {
        /// A catalog name or a hub id `org/name[@rev]`.
        name: String,
    },
    /// Write what is understood of a checkpoint: family, description, memory, tokenizer, tensors.
    #[command(
        after_help = "Examples:\n  lenscape models inspect smollm2-135m\n  lenscape models inspect ./model.gguf --format json"
    )]
    Inspect {
        /// A catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
        name: String,
        /// How weights would be held and computed with.
        #[arg(long, value_name = "TYPE")]
        dtype: Option<DtypeChoice>,
        /// How to write it.
        #[arg(long, default_value = "text")]
        format: ReportFormat,
    },
}
