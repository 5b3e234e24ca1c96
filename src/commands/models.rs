//! `lenscape models`: what can be had by name, what is on this machine, and `pull`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use color_eyre::eyre::Result as EyreResult;

use super::download_bar::DownloadBar;
use super::inspect::inspect;
use super::options::{DtypeChoice, ReportFormat};
use super::standard_output::{StandardOutput, to_stdout};
use super::{context, interruption};
use crate::catalog::{
    Catalog, CatalogEntry, CheckpointFiles, FetchError, FetchedModel, ModelRef, ModelSources,
    PublishedLenses, fetch, find,
};
use crate::trace::LensKind;
use crate::vocabulary::visible_line;

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

impl Models {
    /// Lists, downloads or inspects models, as asked for.
    ///
    /// # Errors
    ///
    /// When the model cannot be had or read, or the result cannot be written.
    pub fn run(self) -> EyreResult<ExitCode> {
        let catalog = Catalog::built_in()?;
        let places = ModelSources::from_env()?;
        match self.command {
            None => list(&catalog, &places, &mut StandardOutput::default())?,
            Some(ModelsCommand::Pull { name }) => {
                pull(&name, &catalog, &places, &mut StandardOutput::default())?;
            }
            Some(ModelsCommand::Inspect {
                name,
                dtype,
                format,
            }) => {
                let dtype = context::dtype(dtype, &context::user_settings()?);
                let inspection = inspect(&name, dtype, &catalog, &places)?;
                to_stdout(|out| match format {
                    ReportFormat::Text => inspection.write_text(out),
                    ReportFormat::Json => inspection.write_json(out),
                })?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Why `lenscape models` failed.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// The model could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// Write the catalog as a table: one line a model, the default marked by `*`, one that was never
/// opened here by `?`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn list(
    catalog: &Catalog,
    places: &ModelSources,
    out: &mut dyn Write,
) -> Result<(), ModelsError> {
    let header = [
        "",
        "NAME",
        "FAMILY",
        "PARAMETERS",
        "SIZE",
        "LENSES",
        "ON DISK",
    ]
    .map(str::to_owned);
    let rows = catalog.entries().iter();
    let published = PublishedLenses::built_in().map_err(FetchError::Lenses)?;
    let rows = rows.map(|entry| row(entry, catalog, places, &published));
    let table: Vec<[String; 7]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| {
        let cells = table.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let (name, family, parameters, size) = (width(1), width(2), width(3), width(4));
    let lenses = width(5);
    for [mark, a, b, c, d, e, f] in &table {
        writeln!(
            out,
            "{mark:1} {a:name$}  {b:family$}  {c:>parameters$}  {d:>size$}  {e:lenses$}  {f}"
        )?;
    }
    writeln!(
        out,
        "\n* the default. ? by its family it can be read, but it was never opened here.\n\
         `lenscape models pull NAME` fetches a model beforehand. Besides these names, --model takes a hub id\n\
         org/name[@revision], a .gguf file, or a folder. LENSES are the fitted ones that are published:\n\
         --lens tuned and --lens jacobian fetch them."
    )?;
    Ok(())
}

fn row(
    entry: &CatalogEntry,
    catalog: &Catalog,
    places: &ModelSources,
    published: &PublishedLenses,
) -> [String; 7] {
    let reference = ModelRef::Entry(entry.name.clone());
    let found = find(&reference, catalog, places);
    let lenses = published.of(&reference, catalog).into_iter();
    let lenses: Vec<&str> = lenses.map(LensKind::name).collect();
    let is_default = entry.name == catalog.default_name();
    [
        match (is_default, entry.unchecked) {
            (true, _) => "*",
            (false, true) => "?",
            (false, false) => "",
        }
        .to_owned(),
        entry.name.clone(),
        entry.family.clone(),
        known(entry.parameters, ["", " k", " M", " B"]),
        known(entry.size_bytes(), [" B", " kB", " MB", " GB"]),
        lenses.join(" "),
        found.map_or("no".to_owned(), |checkpoint| shown(checkpoint.files.path())),
    ]
}

/// Fetch a model, with its progress on stderr, and write the path that it has on this machine.
/// Ctrl-C and a termination signal give up, and leave nothing behind that is incomplete; the
/// process ends by them.
///
/// # Errors
/// When the model is not known, no source has it, it was given up, or `out` cannot be written to.
pub fn pull(
    name: &str,
    catalog: &Catalog,
    places: &ModelSources,
    out: &mut dyn Write,
) -> Result<(), ModelsError> {
    let reference = ModelRef::parse(name, catalog).map_err(FetchError::from)?;
    let checkpoint = fetch_visibly(&reference, catalog, places)?;
    let (CheckpointFiles::Gguf(path) | CheckpointFiles::Folder(path)) = checkpoint.files;
    let name = visible_line(&checkpoint.name);
    writeln!(out, "{name}: {}", shown(&path))?;
    Ok(())
}

/// A path as a terminal may get it.
fn shown(path: &Path) -> String {
    visible_line(&path.to_string_lossy())
}

/// Fetch a model with its progress on stderr; a signal that ends the process gives up before.
pub(super) fn fetch_visibly(
    reference: &ModelRef,
    catalog: &Catalog,
    places: &ModelSources,
) -> Result<FetchedModel, FetchError> {
    let bar = DownloadBar::on_stderr();
    interruption::cancels(|cancel| {
        let checkpoint = fetch(
            reference,
            catalog,
            places,
            &|event| bar.show(&event),
            cancel,
        );
        bar.clear();
        checkpoint
    })?
}

/// A number of the catalog, or that it is not known.
fn known(number: Option<u64>, units: [&str; 4]) -> String {
    number.map_or("?".to_owned(), |number| in_short(number, units))
}

/// A large number in three or four characters, with the unit of its thousands.
fn in_short(number: u64, units: [&str; 4]) -> String {
    let mut thousands = 0;
    let mut part = number as f64;
    while part >= 999.5 && thousands + 1 < units.len() {
        part /= 1000.0;
        thousands += 1;
    }
    let digits = usize::from(part < 9.95 && thousands > 0);
    format!("{part:.digits$}{}", units[thousands])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_two_or_three_digits() {
        let bytes = |number| in_short(number, [" B", " kB", " MB", " GB"]);
        assert_eq!(bytes(98_362_432), "98 MB");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(999_600), "1.0 MB");
        assert_eq!(bytes(3_420_000_000), "3.4 GB");
        assert_eq!(bytes(14_480_000_000), "14 GB");
        assert_eq!(in_short(134_515_008, ["", " k", " M", " B"]), "135 M");
    }
}
