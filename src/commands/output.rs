//! Where `lenscape trace` writes, and how: what is asked for is looked at before anything is run,
//! so that a mistake does not cost a run.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::CommandError;
use super::context::{self, TableLooks};
use super::standard_output::{to_stdout, tokens_to_stdout};
use super::trace::TraceResult;
use crate::display::GridView;
use crate::export::figure::{self, FigureKind};
use crate::export::file::{self, Existing};
use crate::export::format::Writer;
use crate::export::{Content, Format, format, table};
use crate::run::Record;
use crate::settings::theme::Theme;
use crate::settings::{CellValue, GridOptions, Settings};
use crate::trace::Step;

/// Where to write, and how, as the command line asks for it.
#[derive(Args, Clone, Debug)]
pub struct OutputOptions {
    /// How to write it; else as the output's extension says, or as JSON.
    #[arg(long, value_parser = OutputFormat::parser())]
    pub format: Option<OutputFormat>,
    /// Write to this file, which is replaced, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What svg, png and html show: the grid, what is watched, or every layer's best tokens.
    #[arg(long, default_value = "grid")]
    pub figure: FigureChoice,
    /// What a cell of the grid says, in figures and tables: `grid.value` of the settings.
    #[arg(long, value_name = "VALUE", default_value = "rank")]
    pub value: CellValue,
    /// The colours of svg, png and html: a theme's scale of ranks.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutputFormat {
    /// A readable grid, in colour on a terminal.
    Table,
    /// A format that is saved in, too.
    File(&'static Format),
}

impl OutputFormat {
    /// The formats by their names.
    fn parser() -> impl TypedValueParser<Value = Self> {
        let of_runs = format::ALL.iter().filter(|format| format.is_of_a_run());
        let named = of_runs.map(|format| PossibleValue::new(format.name).help(format.about));
        let table = PossibleValue::new("table").help("a readable grid, in colour on a terminal");
        PossibleValuesParser::new(named.chain([table]))
            .map(|name| Format::named(&name).map_or(Self::Table, Self::File))
    }
}

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FigureChoice {
    /// What every layer says of each chosen token.
    Grid,
    /// The ranks of what is watched, layer by layer.
    Compare,
    /// The best tokens of every layer behind the prompt.
    Predictions,
}

/// Where to write, and how.
#[derive(Debug)]
pub struct TraceOutput {
    path: Option<PathBuf>,
    format: OutputFormat,
    figure: FigureChoice,
    /// What the grid shows, in figures and tables, but for which rows: those of the record.
    view: GridView,
    theme: Theme,
}

impl OutputOptions {
    /// Whether something is to be written.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.format.is_some() || self.output.is_some()
    }
}

impl TraceOutput {
    /// What `options` ask for.
    ///
    /// # Errors
    ///
    /// When that cannot be written: pixels to a terminal, a chart of nothing, no format.
    pub fn of(
        options: &OutputOptions,
        watched: &[String],
        settings: &Settings,
    ) -> Result<Self, CommandError> {
        let format = chosen(options.format, options.output.as_deref())?;
        let is_text = match format {
            OutputFormat::Table => true,
            OutputFormat::File(format) => format.is_text,
        };
        if !is_text && options.output.is_none() && io::stdout().is_terminal() {
            return Err(CommandError::Binary);
        }
        if options.figure == FigureChoice::Compare && watched.is_empty() {
            return Err(CommandError::NothingWatched);
        }
        let theme =
            figure::colours(&settings.themes, options.theme.as_deref()).ok_or_else(|| {
                context::no_theme(
                    options.theme.as_deref().unwrap_or_default(),
                    &settings.themes,
                )
            })?;
        Ok(Self {
            path: options.output.clone(),
            format,
            figure: options.figure,
            view: GridView::of_steps(GridOptions {
                value: options.value,
                ..Settings::embedded()?.options.grid
            }),
            theme,
        })
    }

    /// Writes what was traced; a reader of standard output that has gone is no error.
    ///
    /// # Errors
    ///
    /// When it does not go into its format, or cannot be written.
    pub fn write(&self, traced: &TraceResult, looks: TableLooks<'_>) -> Result<(), CommandError> {
        let bytes = self.bytes(traced, looks)?;
        match &self.path {
            Some(path) => {
                file::save(path, &bytes, Existing::Replace)?;
            }
            None if self.has_bare_tokens() => {
                tokens_to_stdout(|out| out.write_all(&bytes))?;
            }
            None => to_stdout(|out| out.write_all(&bytes))?,
        }
        Ok(())
    }

    fn bytes(&self, traced: &TraceResult, looks: TableLooks<'_>) -> Result<Vec<u8>, CommandError> {
        let record = Arc::clone(&traced.record);
        let format = match self.format {
            OutputFormat::File(format) => format,
            OutputFormat::Table => {
                let (width, palette) = looks;
                // A file has no colours, whatever the terminal has.
                let palette = palette.filter(|_| self.path.is_none());
                let mut bytes = Vec::new();
                table::write(
                    &record,
                    &self.view(&record),
                    width,
                    palette.as_ref(),
                    &mut bytes,
                )?;
                return Ok(bytes);
            }
        };
        let content = match format.writer {
            Writer::States(_) => Content::Trace(record, Some(Arc::new(traced.states()?))),
            Writer::Figure(_) => {
                let kind = self.kind(&record);
                Content::Figure(record, kind, Box::new(self.theme.clone()))
            }
            Writer::Trace(_) | Writer::Screen(..) => Content::Trace(record, None),
        };
        Ok(content.bytes(format)?)
    }

    /// Whether tokens stand in the output as they are.
    fn has_bare_tokens(&self) -> bool {
        matches!(self.format, OutputFormat::File(format) if format.name == "csv")
    }

    fn view(&self, record: &Record) -> GridView {
        let mut view = self.view.clone();
        view.options.rows = record.rows;
        view
    }

    fn kind(&self, record: &Record) -> FigureKind {
        match self.figure {
            FigureChoice::Grid => FigureKind::Grid(self.view(record)),
            FigureChoice::Compare => FigureKind::Compare,
            FigureChoice::Predictions => FigureKind::Predictions(Step(0)),
        }
    }
}

/// The format that is asked for, or the one of the output's extension, or JSON.
fn chosen(asked: Option<OutputFormat>, path: Option<&Path>) -> Result<OutputFormat, CommandError> {
    let format = match (asked, path) {
        (Some(format), _) => return Ok(format),
        (None, None) => Format::named("json"),
        (None, Some(path)) => Format::of(path).filter(|format| format.is_of_a_run()),
    };
    let path = path.unwrap_or(Path::new(""));
    let format = format.ok_or_else(|| CommandError::Extension(path.to_owned()))?;
    Ok(OutputFormat::File(format))
}
