//! `lenscape devices`: where a model can run on this machine.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre::Result;
use serde::Serialize;

use super::options::ReportFormat;
use super::standard_output::to_stdout;
use crate::export::json;
use crate::model::device::{About, Found, Support, found};
use crate::model::memory::in_words;
use crate::vocabulary::visible_line;

/// Options of `lenscape devices`.
#[derive(Args, Debug)]
pub struct Devices {
    /// How to write it.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

impl Devices {
    /// Writes what there is to standard output.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        let found = found();
        to_stdout(|out| match self.format {
            ReportFormat::Text => write_text(&found, out),
            ReportFormat::Json => {
                let all: Vec<Written<'_>> = found.iter().map(Written::from).collect();
                json::write_pretty(&all, out)?;
                writeln!(out)
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A kind of device as JSON has it.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'a str,
    compiled_in: bool,
    /// What to build it with, where it is not compiled in.
    feature: Option<&'a str>,
    /// Why none answers, where one could.
    silent: Option<&'a str>,
    devices: Vec<WrittenDevice<'a>>,
}

#[derive(Serialize)]
struct WrittenDevice<'a> {
    device: &'a str,
    model: Option<&'a str>,
    total_bytes: Option<u64>,
    free_bytes: Option<u64>,
}

impl<'a> From<&'a Found> for Written<'a> {
    fn from(found: &'a Found) -> Self {
        let feature = match found.support {
            Support::CompiledIn => None,
            Support::Absent { feature, .. } => Some(feature),
        };
        Self {
            kind: found.kind,
            compiled_in: feature.is_none(),
            feature,
            silent: found.silent.as_deref(),
            devices: found
                .devices
                .iter()
                .map(|(device, about)| WrittenDevice {
                    device,
                    model: about.model.as_deref(),
                    total_bytes: about.total,
                    free_bytes: about.free,
                })
                .collect(),
        }
    }
}

/// A line for each device, and for each kind of which there is none, why.
fn write_text(found: &[Found], out: &mut dyn Write) -> io::Result<()> {
    for kind in found {
        if let Support::Absent { feature, needs } = kind.support {
            writeln!(
                out,
                "{:<8} not in this program; build one with `--features {feature}`, which needs {needs}",
                kind.kind
            )?;
        }
        if let Some(why) = &kind.silent {
            writeln!(out, "{:<8} none answers: {}", kind.kind, visible_line(why))?;
        }
        for (device, about) in &kind.devices {
            writeln!(out, "{device:<8} {}", in_one_line(about))?;
        }
    }
    Ok(())
}

fn in_one_line(about: &About) -> String {
    let model = about.model.as_deref().map(visible_line);
    let memory = match (about.free, about.total) {
        (Some(free), Some(total)) => {
            Some(format!("{} of {} free", in_words(free), in_words(total)))
        }
        (Some(free), None) => Some(format!("{} free", in_words(free))),
        (None, _) => None,
    };
    let words: Vec<String> = model.into_iter().chain(memory).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(found: &[Found]) -> String {
        let mut out = Vec::new();
        write_text(found, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_device_has_a_line_and_each_absent_kind_how_to_build_it() {
        let card = Found {
            kind: "cuda",
            support: Support::CompiledIn,
            silent: None,
            devices: vec![(
                "cuda:0".into(),
                About {
                    model: Some("A card".into()),
                    total: Some(80_000_000_000),
                    free: Some(79_000_000_000),
                },
            )],
        };
        let absent = Found {
            kind: "metal",
            support: Support::Absent {
                feature: "metal",
                needs: "macOS",
            },
            silent: None,
            devices: Vec::new(),
        };
        let silent = Found {
            silent: Some("the driver knows no card".into()),
            devices: Vec::new(),
            ..card.clone()
        };
        assert_eq!(
            text(&[card, absent, silent]),
            "cuda:0   A card, 79.0 GB of 80.0 GB free\n\
             metal    not in this program; build one with `--features metal`, which needs macOS\n\
             cuda     none answers: the driver knows no card\n"
        );
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert!(text(&found()).lines().any(|line| line.starts_with("cpu ")));
    }
}
