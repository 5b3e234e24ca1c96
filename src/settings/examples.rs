//! The prompts of `config/examples.toml`.

use std::path::Path;

use serde::Deserialize;

use super::SettingsError;
use super::overlay::Problem;
use crate::trace::LensKind;

const EXAMPLES: &str = include_str!("../../config/examples.toml");

/// A prompt to start from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What its recorded run is called, for those that the program carries one of.
    #[serde(default)]
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What to look for.
    #[serde(default)]
    pub look: String,
    /// The prompt, as it is given to the model.
    pub prompt: String,
    /// How many tokens to generate, where that matters.
    pub max_tokens: Option<usize>,
    /// The lens to look through, where that matters.
    pub lens: Option<LensKind>,
    /// Candidates worth comparing, as they are typed in compare mode.
    #[serde(default)]
    pub compare: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    example: Vec<Example>,
}

/// The examples inside the program.
pub fn embedded() -> Result<Vec<Example>, SettingsError> {
    toml::from_str::<File>(EXAMPLES)
        .map(|file| file.example)
        .map_err(|error| SettingsError(format!("examples.toml: {error}")))
}

/// The examples of a user's file, which replace those inside the program.
pub fn parse(file: &Path, text: &str) -> Result<Vec<Example>, Problem> {
    toml::from_str::<File>(text)
        .map(|file| file.example)
        .map_err(|error| Problem::of_toml(file, text, &error))
}
