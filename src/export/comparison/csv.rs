//! A comparison as comma-separated values: one line a prompt, candidate and layer.

use std::io::{self, Write};

use super::{ComparedCandidate, Comparisons};
use crate::trace::{Row, Score};

/// Writes the lines: prompt, step, candidate, its first token, layer (`emb`, a number, or as `5.attn` what
/// is inside a block), rank,
/// ties, logit, prob, and the candidate's joint log-probability in nats. A candidate that cannot
/// be followed has none.
pub fn write(comparisons: &Comparisons, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = csv::Writer::from_writer(out);
    lines.write_record([
        "prompt",
        "step",
        "text",
        "token",
        "layer",
        "rank",
        "ties",
        "logit",
        "prob",
        "joint_log_prob",
    ])?;
    let rows = Row::all(comparisons.n_layers, &comparisons.rows_inside);
    for prompt in &comparisons.prompts {
        for candidate in &prompt.candidates {
            for row in &rows {
                if let Some((token, score)) = score(candidate, *row) {
                    lines.write_record([
                        prompt.prompt.clone(),
                        prompt.step.to_string(),
                        candidate.wanted.to_string(),
                        token,
                        row.in_layers(),
                        score.rank.to_string(),
                        score.ties.to_string(),
                        score.logit.to_string(),
                        score.prob.to_string(),
                        candidate
                            .joint_log_prob
                            .map_or_else(String::new, |log_prob| log_prob.0.to_string()),
                    ])?;
                }
            }
        }
    }
    lines.flush()
}

/// The token that is followed, and where it stands.
fn score(candidate: &ComparedCandidate, row: Row) -> Option<(String, Score)> {
    let trajectory = candidate.trajectory.as_ref().ok()?;
    let token = trajectory.candidate.followed()?;
    Some((token.0.to_string(), trajectory.score(row)?))
}
