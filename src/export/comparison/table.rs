//! A comparison as readable tables, one block a prompt: good to paste as it is, and in colour on
//! a terminal.
//!
//! ```text
//! The keys to the cabinet ▸ step 1
//!
//!       a ·is  b ·are
//!   L0    943      17
//!   L1     12     103
//!
//!   a  ·is   rank 12  p 0.012
//!   b  ·are  rank 103  p 3.1e-4
//!   lead changes at L1 (b → a)
//! ```

use std::io::{self, Write};

use super::{ComparedCandidate, ComparedPrompt, Comparisons};
use crate::display::palette::Palette;
use crate::display::text;
use crate::display::{lead_changes, letter};
use crate::export::table::{blocks, strip};
use crate::trace::{LogProb, Score};
use crate::vocabulary::{Vocabulary, visible_label, visible_line, visible_text};

/// Writes one block a prompt, in tables that fit into `width` columns. Without a palette there is
/// no colour.
pub fn write(
    comparisons: &Comparisons,
    vocabulary: &Vocabulary,
    width: usize,
    palette: Option<&Palette<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let n_layers = comparisons.n_layers;
    writeln!(
        out,
        "{} · {n_layers} layers · lens {} · rank of each candidate at each layer",
        visible_line(&comparisons.model),
        comparisons.lens.in_words()
    )?;
    let rows = comparisons.layer_rows();
    for prompt in &comparisons.prompts {
        writeln!(out, "\n{} ▸ step {}", context(prompt), prompt.step)?;
        let strips: Vec<_> = prompt
            .trajectories()
            .into_iter()
            .map(|(at, trajectory)| strip(label(at, prompt), trajectory, &rows))
            .collect();
        blocks(&strips, &rows, width, palette, out)?;
        writeln!(out)?;
        figures(prompt, vocabulary, out)?;
        if let Some(leads) = leads(prompt, n_layers) {
            writeln!(out, "  {leads}")?;
        }
    }
    Ok(())
}

/// The prompt and what was generated before the position, on one line.
fn context(prompt: &ComparedPrompt) -> String {
    visible_text(&format!("{}{}", prompt.prompt, prompt.generated)).replace('\n', "⏎")
}

fn label(at: usize, prompt: &ComparedPrompt) -> String {
    let text = prompt.candidates.get(at).map(name).unwrap_or_default();
    format!("{} {text}", letter(at))
}

fn name(candidate: &ComparedCandidate) -> String {
    let text = match &candidate.trajectory {
        Ok(trajectory) => trajectory.candidate.text.clone(),
        Err(_) => candidate.wanted.to_string(),
    };
    visible_label(text.as_bytes())
}

/// A line a candidate: what the model's own output gives it, or why it cannot be followed.
fn figures(
    prompt: &ComparedPrompt,
    vocabulary: &Vocabulary,
    out: &mut dyn Write,
) -> io::Result<()> {
    let names: Vec<String> = prompt.candidates.iter().map(name).collect();
    let widest = names.iter().map(|name| text::width(name)).max();
    for (at, (candidate, name)) in prompt.candidates.iter().zip(&names).enumerate() {
        let figures = match &candidate.trajectory {
            Ok(trajectory) => {
                let last = trajectory.layers.last().copied();
                let mut parts = Vec::new();
                if let Some(score) = last {
                    let p = probability(score, candidate);
                    parts.push(format!("rank {}  p {p}", score.rank));
                }
                if let [first, _, ..] = trajectory.candidate.tokens.as_slice() {
                    parts.push(format!(
                        "{} tokens, the first is followed: {}",
                        trajectory.candidate.tokens.len(),
                        vocabulary.label(*first)
                    ));
                    if let Some(log_prob) = candidate.joint_log_prob {
                        parts.push(format!("joint p {log_prob}"));
                    }
                }
                parts.join("  ")
            }
            Err(error) => error.clone(),
        };
        let name = text::left(name, widest.unwrap_or(0));
        writeln!(out, "  {}  {name}  {figures}", letter(at))?;
    }
    Ok(())
}

/// How probable the followed token is. Of a candidate that is one token, what is known of it as a
/// whole says more than a float32, which ends before probabilities do.
fn probability(score: Score, candidate: &ComparedCandidate) -> String {
    let tokens = candidate
        .trajectory
        .as_ref()
        .map_or(0, |found| found.candidate.tokens.len());
    match candidate.joint_log_prob {
        Some(log_prob) if tokens == 1 => log_prob.to_string(),
        _ if score.prob > 0.0 => LogProb(f64::from(score.prob).ln()).to_string(),
        _ => "<1e-45".into(),
    }
}

/// Where the lead changes; nothing where there is no more than one candidate.
fn leads(prompt: &ComparedPrompt, n_layers: usize) -> Option<String> {
    let several = prompt.trajectories().len() > 1;
    several.then(|| lead_changes(&prompt.leads(n_layers), None))
}
