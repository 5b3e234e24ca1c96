//! A comparison as one JSON object.

use std::io::{self, Write};

use serde::Serialize;

use super::{ComparedCandidate, ComparedPrompt, Comparisons};
use crate::export::json;
use crate::trace::{
    Layer, Lead, LensKind, LogProb, Row, Score, TokenId, Trajectory, logit_difference,
};

#[derive(Serialize)]
struct Document<'c> {
    model: &'c str,
    lens: LensKind,
    /// What the lens says, for readers of the file.
    lens_meaning: &'static str,
    n_layers: usize,
    /// The rows inside the blocks, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sublayers: Vec<String>,
    prompts: Vec<PromptEntry<'c>>,
}

#[derive(Serialize)]
struct PromptEntry<'c> {
    prompt: &'c str,
    generated: &'c str,
    step: usize,
    candidates: Vec<CandidateEntry<'c>>,
    /// Who leads from which layer on.
    leads: Vec<LeadEntry>,
    /// The first candidate's logit minus the second one's, by layer.
    logit_difference: Vec<Option<f32>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CandidateEntry<'c> {
    Followed {
        text: &'c str,
        tokens: &'c [TokenId],
        joint_log_prob: Option<LogProb>,
        emb: Option<ScoreEntry>,
        layers: Vec<Option<ScoreEntry>>,
        /// One for each of the document's `sublayers`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        sublayers: Vec<Option<ScoreEntry>>,
    },
    Failed {
        text: String,
        error: &'c str,
    },
}

#[derive(Serialize)]
struct ScoreEntry {
    rank: u32,
    ties: u32,
    logit: f32,
    prob: f32,
}

#[derive(Serialize)]
struct LeadEntry {
    from: Layer,
    /// Its place among the candidates, from 0.
    candidate: usize,
}

/// Writes the object and a newline.
pub fn write(comparisons: &Comparisons, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        model: &comparisons.model,
        lens: comparisons.lens,
        lens_meaning: comparisons.lens.meaning(),
        n_layers: comparisons.n_layers,
        sublayers: comparisons.rows_inside.iter().map(Row::to_string).collect(),
        prompts: comparisons
            .prompts
            .iter()
            .map(|compared| prompt(compared, comparisons))
            .collect(),
    };
    json::write(&document, out)?;
    writeln!(out)
}

fn prompt<'c>(compared: &'c ComparedPrompt, comparisons: &Comparisons) -> PromptEntry<'c> {
    let inside = &comparisons.rows_inside;
    PromptEntry {
        prompt: &compared.prompt,
        generated: &compared.generated,
        step: compared.step,
        candidates: compared
            .candidates
            .iter()
            .map(|compared| candidate(compared, inside))
            .collect(),
        leads: spans(&compared.leads(comparisons.n_layers)),
        logit_difference: match compared.trajectories().as_slice() {
            [(_, a), (_, b), ..] => differences(a, b),
            _ => Vec::new(),
        },
    }
}

/// The first leader, and each one after it, with the layer from which on it leads.
fn spans(leads: &[Lead]) -> Vec<LeadEntry> {
    let first = leads.iter().position(|lead| lead.candidate.is_some());
    leads
        .iter()
        .enumerate()
        .filter(|(at, lead)| Some(*at) == first || lead.from.is_some())
        .filter_map(|(_, lead)| match (lead.row, lead.candidate) {
            (Row::Layer(from), Some(candidate)) => Some(LeadEntry { from, candidate }),
            _ => None,
        })
        .collect()
}

fn differences(a: &Trajectory, b: &Trajectory) -> Vec<Option<f32>> {
    (0..a.layers.len())
        .map(|l| logit_difference(a, b, Row::Layer(Layer(l))))
        .collect()
}

fn candidate<'c>(compared: &'c ComparedCandidate, inside: &[Row]) -> CandidateEntry<'c> {
    match &compared.trajectory {
        Ok(trajectory) => CandidateEntry::Followed {
            text: &trajectory.candidate.text,
            tokens: &trajectory.candidate.tokens,
            joint_log_prob: compared.joint_log_prob,
            emb: trajectory.embedding.as_ref().map(score),
            layers: trajectory
                .layers
                .iter()
                .map(|found| found.map(score))
                .collect(),
            sublayers: inside
                .iter()
                .map(|row| trajectory.score(*row).as_ref().map(score))
                .collect(),
        },
        Err(error) => CandidateEntry::Failed {
            text: compared.wanted.to_string(),
            error,
        },
    }
}

fn score(score: &Score) -> ScoreEntry {
    ScoreEntry {
        rank: score.rank,
        ties: score.ties,
        logit: score.logit,
        prob: score.prob,
    }
}
