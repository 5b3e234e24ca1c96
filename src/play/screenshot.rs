//! Pictures that a script takes of the screen.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::stage::View;
use super::{Error, TypeSize, mark, place};
use crate::export::svg::{self, Window};

/// A picture of the screen: the extension of its file says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screenshot {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: ScreenshotFormat,
}

/// How a picture of the screen is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenshotFormat {
    /// Vectors, with letters that stay letters.
    Svg,
    /// Pixels, as many a unit as [`TypeSize`] says.
    Png,
}

impl FromStr for Screenshot {
    type Err = String;

    /// A name without an extension is that of an SVG.
    fn from_str(name: &str) -> Result<Self, String> {
        let path = PathBuf::from(name);
        let extension = path.extension().map(|extension| extension.to_str());
        match extension {
            None if path.file_name().is_some() => Ok(Self {
                path: path.with_extension("svg"),
                format: ScreenshotFormat::Svg,
            }),
            Some(Some("svg")) => Ok(Self {
                path,
                format: ScreenshotFormat::Svg,
            }),
            Some(Some("png")) => Ok(Self {
                path,
                format: ScreenshotFormat::Png,
            }),
            _ => Err(format!(
                "{name:?} names no picture; it has to end in .svg or .png"
            )),
        }
    }
}

impl Screenshot {
    /// Write the picture. Returns where it is.
    pub(super) fn take(&self, shot: &Shot<'_>, namer: Namer<'_>) -> Result<PathBuf, Error> {
        let path = match namer {
            Namer::Script { folder } => place::to_replace(folder, &self.path)?,
            Namer::User => self.path.clone(),
        };
        let written = self.picture(shot).and_then(|picture| match namer {
            Namer::Script { .. } => place::replace(&path, &picture),
            Namer::User => write(&path, &picture),
        });
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(Error::Screenshot { path, source }),
        }
    }

    /// The picture's file, with the mark of a play.
    fn picture(&self, shot: &Shot<'_>) -> io::Result<Vec<u8>> {
        let view = shot.view;
        let window = Window {
            title: shot.title,
            cursor: view.cursor(),
            ground: view.ground(),
        };
        let buffer = view.buffer();
        Ok(match self.format {
            ScreenshotFormat::Svg => mark::on_svg(svg::render(&buffer, &window)),
            ScreenshotFormat::Png => {
                let png = svg::png(&buffer, &window, shot.type_size.scale());
                mark::on_png(png.map_err(io::Error::other)?)
            }
        })
    }
}

/// What a picture shows.
pub(super) struct Shot<'a> {
    /// What is on the screen.
    pub view: &'a View,
    /// Of the window.
    pub title: &'a str,
    /// How large letters are.
    pub type_size: TypeSize,
}

fn write(path: &Path, picture: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, picture)
}

/// Who names a file, and so may say where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Namer<'a> {
    /// The script: into this folder.
    Script {
        /// Beside the script, or that of `--output`.
        folder: &'a Path,
    },
    /// The user, on the command line: anywhere.
    User,
}

/// A picture that the command line asks for, as `FILE` or `MARK=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenshotAt {
    /// The mark of the moment; without one it is the end.
    pub mark: Option<String>,
    /// The picture.
    pub screenshot: Screenshot,
}

impl FromStr for ScreenshotAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mark, name) = match text.rsplit_once('=') {
            Some((mark, name)) => (Some(mark.to_owned()), name),
            None => (None, text),
        };
        Ok(Self {
            mark,
            screenshot: name.parse()?,
        })
    }
}
