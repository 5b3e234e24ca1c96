//! Where `lenscape trace` writes, and how: what is asked for is looked at before anything is run,
//! so that a mistake does not cost a run.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandError;
use super::context::TableLooks;
use super::standard_output::{to_stdout, tokens_to_stdout};
use super::trace::{FigureChoice, Request, Trace, TraceFormat, Traced};
use crate::display::GridView;
use crate::export::figure::{self, Figure, Kind};
use crate::export::file::{self, Existing};
use crate::export::{self, Content, Format, Picture, table};
use crate::run::Record;
use crate::settings::theme::Theme;
use crate::settings::{GridOptions, Settings};
use crate::trace::Step;

/// Where to write, and how.
#[derive(Debug)]
pub struct Output {
    path: Option<PathBuf>,
    format: TraceFormat,
    figure: FigureChoice,
    /// What the grid shows, in figures and tables.
    view: GridView,
    theme: Theme,
}

impl Output {
    /// What `options` ask for.
    ///
    /// # Errors
    ///
    /// When that cannot be written: pixels to a terminal, a chart of nothing, no format.
    pub fn of(
        options: &Trace,
        request: &Request,
        settings: &Settings,
    ) -> Result<Self, CommandError> {
        let format = format(options.format, options.output.as_deref())?;
        let is_text = !matches!(format, TraceFormat::Png | TraceFormat::Safetensors);
        if !is_text && options.output.is_none() && io::stdout().is_terminal() {
            return Err(CommandError::Binary);
        }
        if options.figure == FigureChoice::Compare && request.watch.is_empty() {
            return Err(CommandError::NothingWatched);
        }
        let theme = figure::colours(&settings.themes, options.theme.as_deref())
            .ok_or_else(|| CommandError::Theme(options.theme.clone().unwrap_or_default()))?;
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
    pub fn write(&self, traced: &Traced, looks: TableLooks<'_>) -> Result<(), CommandError> {
        let bytes = self.bytes(traced, looks)?;
        match &self.path {
            Some(path) => {
                file::save(path, &bytes, Existing::Replace)?;
            }
            None if self.format == TraceFormat::Csv => {
                tokens_to_stdout(|out| out.write_all(&bytes))?;
            }
            None => to_stdout(|out| out.write_all(&bytes))?,
        }
        Ok(())
    }

    fn bytes(&self, traced: &Traced, looks: TableLooks<'_>) -> Result<Vec<u8>, CommandError> {
        let record = Arc::clone(&traced.record);
        let content = match self.format {
            TraceFormat::Json => Content::Json(record),
            TraceFormat::Csv => Content::Csv(record),
            TraceFormat::Safetensors => Content::Tensors(record, Some(Arc::new(traced.states()?))),
            TraceFormat::Svg => self.figure(record, Picture::Svg),
            TraceFormat::Png => self.figure(record, Picture::Png),
            TraceFormat::Html => self.figure(record, Picture::Html),
            TraceFormat::Table => {
                let (width, palette) = looks;
                // A file has no colours, whatever the terminal has.
                let palette = palette.filter(|_| self.path.is_none());
                let mut bytes = Vec::new();
                table::write(&record, &self.view, width, palette.as_ref(), &mut bytes)?;
                return Ok(bytes);
            }
        };
        Ok(content.bytes()?)
    }

    fn figure(&self, record: Arc<Record>, picture: Picture) -> Content {
        let figure = Figure {
            kind: match self.figure {
                FigureChoice::Grid => Kind::Grid(self.view.clone()),
                FigureChoice::Compare => Kind::Compare,
                FigureChoice::Predictions => Kind::Predictions(Step(0)),
            },
            picture,
        };
        Content::Figure(record, figure, Box::new(self.theme.clone()))
    }
}

/// The format that is asked for, or the one of the output's extension, or JSON.
fn format(asked: Option<TraceFormat>, path: Option<&Path>) -> Result<TraceFormat, CommandError> {
    let path = match (asked, path) {
        (Some(format), _) => return Ok(format),
        (None, None) => return Ok(TraceFormat::Json),
        (None, Some(path)) => path,
    };
    match Format::of(path) {
        Some(Format::Trace(export::TraceFormat::Json)) => Ok(TraceFormat::Json),
        Some(Format::Trace(export::TraceFormat::Csv)) => Ok(TraceFormat::Csv),
        Some(Format::Trace(export::TraceFormat::Tensors)) => Ok(TraceFormat::Safetensors),
        Some(Format::Figure(Picture::Svg)) => Ok(TraceFormat::Svg),
        Some(Format::Figure(Picture::Png)) => Ok(TraceFormat::Png),
        Some(Format::Figure(Picture::Html)) => Ok(TraceFormat::Html),
        Some(Format::Screen(_)) | None => Err(CommandError::Extension(path.to_owned())),
    }
}
