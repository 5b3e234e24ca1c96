//! How tokens are drawn.

use clap::Args;

use crate::run::Sampling;

/// How tokens are drawn; greedy unless a temperature is given.
#[derive(Args, Clone, Debug)]
pub struct SamplingOptions {
    /// 0 is greedy; higher draws more freely.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative)]
    pub temperature: Option<f64>,
    /// Draw among the K best tokens only.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top_k: Option<u32>,
    /// Draw among the most probable tokens that together reach P.
    #[arg(long, value_name = "P", value_parser = share)]
    pub top_p: Option<f64>,
    /// Makes tokens that have occurred less likely; 1 does nothing.
    #[arg(long, allow_negative_numbers = true, value_parser = positive)]
    pub repeat_penalty: Option<f64>,
    /// Seed of the draw.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
}

impl SamplingOptions {
    /// What was given, over `base`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    pub fn over(&self, base: Sampling) -> Sampling {
        Sampling {
            temperature: self.temperature.unwrap_or(base.temperature),
            top_k: self.top_k.map(|k| k as usize).or(base.top_k),
            top_p: self.top_p.or(base.top_p),
            repeat_penalty: self
                .repeat_penalty
                .map_or(base.repeat_penalty, |penalty| penalty as f32),
            seed: self.seed.unwrap_or(base.seed),
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|x| x.is_finite())
        .ok_or_else(|| "must be a number".to_owned())
}

fn non_negative(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| (x >= 0.0).then_some(x).ok_or("must be 0 or more".into()))
}

pub(in crate::commands) fn positive(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| (x > 0.0).then_some(x).ok_or("must be more than 0".into()))
}

fn share(text: &str) -> Result<f64, String> {
    number(text).and_then(|x| {
        (x > 0.0 && x <= 1.0)
            .then_some(x)
            .ok_or("must be more than 0 and at most 1".into())
    })
}
