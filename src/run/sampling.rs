//! How the next token is drawn.

use serde::{Deserialize, Serialize};

/// How the next token is drawn. It never touches what the lens shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 or less: greedy.
    pub temperature: f64,
    /// Draw among the `k` best only.
    pub top_k: Option<usize>,
    /// Draw among the smallest set of tokens whose probabilities reach `p`.
    pub top_p: Option<f64>,
    /// Divides the logits of tokens seen before (multiplies negative ones); 1 does nothing.
    pub repeat_penalty: f32,
    /// Seed of the draw.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: None,
            top_p: None,
            repeat_penalty: 1.0,
            seed: 0,
        }
    }
}
