//! Saving: what is to be saved where, and the field that asks for the name.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Run, State};
use crate::display::{GridView, SubtractedRun};
use crate::export::{Content, Format};
use crate::run::{Comparison, Record, Watch};
use crate::trace::Step;

/// The longest name that is proposed, without its extension.
const LONGEST_NAME: usize = 40;

/// Something to be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Save {
    /// As the user typed it.
    pub path: PathBuf,
    /// In which format.
    pub format: &'static Format,
    /// What goes there.
    pub what: SaveSource,
}

/// What is saved.
#[derive(Clone, Debug, PartialEq)]
pub enum SaveSource {
    /// Something out of the state.
    Content(Content),
    /// The screen, once it is drawn.
    Screen,
}

/// What became of something that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveOutcome {
    /// It is in this file.
    Saved(PathBuf),
    /// It is not, and why.
    Failed(String),
}

impl State {
    /// The newest run as it is taken along; the candidates that are compared go with it.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        self.record_of(self.run.as_ref()?)
    }

    /// The run whose columns are in the grid, and what the grid shows of it.
    #[must_use]
    pub fn grid_record(&self) -> Option<(Record, GridView)> {
        let run = self.grid_run()?;
        let view = GridView {
            options: self.settings.options.grid,
            prompt: self.prompt_columns().to_vec(),
            before: self.subtracted().map(|before| SubtractedRun {
                from: run.id,
                run: before.id,
                prompt: before.prompt_columns.columns().to_vec(),
                steps: before.columns.clone(),
            }),
        };
        Some((self.record_of(run)?, view))
    }

    fn record_of(&self, run: &Run) -> Option<Record> {
        Some(Record {
            model: Arc::clone(self.model.ready.as_ref()?),
            lens: run.lens,
            rows: run.rows,
            sampling: run.sampling.clone(),
            max_tokens: run.max_tokens,
            prompt: run.sent().to_owned(),
            chat: run.chat_prompt(),
            prompt_ids: run.prompt_tokens.clone(),
            given: run.given,
            interventions: run.interventions.clone(),
            columns: run.columns.clone(),
            finish: run.finish(),
            watch: self.watch(run),
        })
    }

    /// What is compared now, under the lens of the run; or what a saved trace has.
    fn watch(&self, run: &Run) -> Watch {
        let compare = self.compare.as_ref();
        let answer = compare.and_then(|compare| compare.answer());
        let answer = answer.filter(|answer| (answer.run, answer.lens) == (run.id, run.lens));
        // The record has no place for what is compared inside the prompt.
        let step_of = |answer: &Comparison| answer.at.0.checked_sub(run.prompt_tokens.len());
        let answer = answer.and_then(|answer| Some((Step(step_of(answer)?), answer)));
        match (answer, &self.model.saved) {
            (Some((step, answer)), _) => Watch {
                step,
                trajectories: answer.trajectories.iter().flatten().cloned().collect(),
            },
            (None, Some(saved)) => saved.record.watch.clone(),
            (None, None) => Watch::default(),
        }
    }
}

/// A file name out of a prompt, as `the-keys-to-the-cabinet.json`.
#[must_use]
pub fn proposed_name(prompt: &str) -> String {
    let mut name = String::new();
    for word in prompt.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        if name.chars().count() + 1 + word.chars().count() > LONGEST_NAME {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(&word.to_lowercase());
    }
    if name.is_empty() {
        name.push_str("trace");
    }
    format!("{name}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_prompts_words() {
        for (prompt, name) in [
            ("The keys to the cabinet", "the-keys-to-the-cabinet.json"),
            (" 1, 1, 1,", "1-1-1.json"),
            ("../../etc/passwd", "etc-passwd.json"),
            ("\n\u{1b}[31m\n", "31m.json"),
            ("", "trace.json"),
            ("«¿»", "trace.json"),
            (
                "The countries of the European Union are: Austria, Belgium",
                "the-countries-of-the-european-union-are.json",
            ),
            ("Der Schlüssel für 日本", "der-schlüssel-für-日本.json"),
        ] {
            assert_eq!(proposed_name(prompt), name);
        }
    }
}
