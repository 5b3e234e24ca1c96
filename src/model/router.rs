//! Which experts of a mixture each token goes through, and with what weights.

use candle_core::{Result, Tensor};

use super::linear::Linear;
use super::norm::Norm;
use super::spec::{Groups, RouterScore, RouterSpec, Sum};

/// What chooses and weighs the experts of one block.
#[derive(Debug)]
pub struct Router {
    spec: RouterSpec,
    /// How many are chosen.
    used: usize,
    /// `[experts, d]`.
    projection: Linear,
    /// Added to the scores where experts are chosen, `[experts]`, or nothing.
    correction: Vec<f32>,
    /// What it reads the stream through, and what the weight of each expert is multiplied by.
    own_norm: Option<(Norm, Vec<f32>)>,
}

impl Router {
    /// A router that chooses `used` of as many experts as the projection has rows; `correction`
    /// has a number for each, or none at all.
    #[must_use]
    pub fn new(spec: RouterSpec, used: usize, projection: Linear, correction: Vec<f32>) -> Self {
        Self {
            spec,
            used,
            projection,
            correction,
            own_norm: None,
        }
    }

    /// The same with a norm of its own and a factor for each expert, if it has those.
    #[must_use]
    pub fn normed(self, own_norm: Option<(Norm, Vec<f32>)>) -> Self {
        Self { own_norm, ..self }
    }

    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.projection.bytes()
    }

    /// The experts of each row of `x`, `[rows, d]`, with their weights, best first.
    pub fn choose(&self, x: &Tensor) -> Result<Vec<Vec<(usize, f32)>>> {
        let logits = match &self.own_norm {
            Some((norm, _)) => self.projection.forward(&norm.forward(x)?)?,
            None => self.projection.forward(x)?,
        };
        let logits: Vec<Vec<f32>> = logits.to_vec2()?;
        let chosen = |logits: &Vec<f32>| {
            let mut chosen = chosen(logits, &self.spec, self.used, &self.correction);
            if let Some((_, factors)) = &self.own_norm {
                for (expert, weight) in &mut chosen {
                    *weight *= factors.get(*expert).copied().unwrap_or(1.0);
                }
            }
            chosen
        };
        Ok(logits.iter().map(chosen).collect())
    }
}

/// The experts that a token uses, with their weights, best first.
#[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
fn chosen(logits: &[f32], spec: &RouterSpec, used: usize, correction: &[f32]) -> Vec<(usize, f32)> {
    let mut weighed = match spec.score {
        RouterScore::SparseMixer { jitter } => return sparse_mixer(logits, jitter as f32),
        RouterScore::Softmax => best(&softmax(logits), spec, used, correction),
        RouterScore::Sigmoid => best(&sigmoid(logits), spec, used, correction),
        RouterScore::SoftmaxOfChosen => {
            let ranked = best(logits, spec, used, correction);
            let logits: Vec<f32> = ranked.iter().map(|(_, logit)| *logit).collect();
            let experts = ranked.iter().map(|(expert, _)| *expert);
            experts.zip(softmax(&logits)).collect()
        }
    };
    if let Sum::One { more, least } = spec.sum {
        let sum: f32 = weighed.iter().map(|(_, weight)| weight).sum();
        let sum = (sum + more as f32).max(least as f32);
        weighed.iter_mut().for_each(|(_, weight)| *weight /= sum);
    }
    if spec.scale != 1.0 {
        let scale = spec.scale as f32;
        weighed.iter_mut().for_each(|(_, weight)| *weight *= scale);
    }
    weighed
}

/// The `used` experts that score most once they are corrected, with their uncorrected scores.
fn best(scores: &[f32], spec: &RouterSpec, used: usize, correction: &[f32]) -> Vec<(usize, f32)> {
    let corrected = |(expert, score): (usize, &f32)| {
        let more = correction.get(expert).copied().unwrap_or_default();
        (expert, *score, score + more)
    };
    let mut ranked: Vec<(usize, f32, f32)> = scores.iter().enumerate().map(corrected).collect();
    if let Some(groups) = spec.groups {
        ranked = of_best_groups(&ranked, groups);
    }
    ranked.sort_by(|(_, _, a), (_, _, b)| b.total_cmp(a));
    ranked.truncate(used);
    let weighed = ranked.into_iter();
    weighed.map(|(expert, score, _)| (expert, score)).collect()
}

/// An expert, its score, and what it is ranked by.
type Ranked = (usize, f32, f32);

/// The experts, those that do not belong to the best groups behind all others.
fn of_best_groups(all: &[Ranked], groups: Groups) -> Vec<Ranked> {
    let size = (all.len() / groups.count.max(1)).max(1);
    let mut ranked: Vec<(f32, &[Ranked])> = all
        .chunks(size)
        .map(|group| {
            let mut scores: Vec<f32> = group.iter().map(|(_, _, score)| *score).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            (scores.iter().take(groups.best).sum(), group)
        })
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let experts = ranked
        .into_iter()
        .enumerate()
        .flat_map(|(rank, (_, group))| {
            let is_used = rank < groups.used;
            group.iter().map(move |(expert, score, corrected)| {
                let corrected = if is_used {
                    *corrected
                } else {
                    f32::NEG_INFINITY
                };
                (*expert, *score, corrected)
            })
        });
    experts.collect()
}

/// The two experts of SparseMixer-v2, with their weights.
fn sparse_mixer(logits: &[f32], jitter: f32) -> Vec<(usize, f32)> {
    let first = largest(logits);
    let Some(first) = first else {
        return Vec::new();
    };
    let mut others = logits.to_vec();
    if let Some(logit) = others.get_mut(first) {
        *logit = f32::NEG_INFINITY;
    }
    let weigh = |of: &[f32], expert: usize| {
        let most = of.get(expert).copied().unwrap_or_default();
        let near = logits.iter().zip(of).map(|(logit, of)| {
            let share = (most - logit) / logit.abs().max(most);
            if share > 2.0 * jitter {
                f32::NEG_INFINITY
            } else {
                *of
            }
        });
        let near: Vec<f32> = near.collect();
        let weight = softmax(&near).get(expert).copied().unwrap_or_default();
        (expert, weight)
    };
    let second = largest(&others).filter(|second| *second != first);
    let second = second.map(|second| weigh(&others, second));
    let first = weigh(logits, first);
    std::iter::once(first).chain(second).collect()
}

/// The place of the largest number, the first of several.
fn largest(numbers: &[f32]) -> Option<usize> {
    let places = numbers.iter().enumerate();
    let largest = places.reduce(|best, next| if next.1 > best.1 { next } else { best });
    largest.map(|(place, _)| place)
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = logits.iter().map(|x| (x - largest).exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.iter().map(|x| x / sum).collect()
}

fn sigmoid(logits: &[f32]) -> Vec<f32> {
    logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits whose softmax over all is `shares`.
    fn logits(shares: &[f32]) -> Vec<f32> {
        shares.iter().map(|share| share.ln()).collect()
    }

    fn check(found: &[(usize, f32)], expected: &[(usize, f32)]) {
        let experts = |all: &[(usize, f32)]| all.iter().map(|(e, _)| *e).collect::<Vec<_>>();
        assert_eq!(experts(found), experts(expected), "{found:?}");
        for ((_, found), (_, expected)) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn the_best_experts_weigh_as_the_router_says() {
        let logits = logits(&[0.25, 0.125, 0.625]);
        let found = chosen(&logits, &RouterSpec::default(), 2, &[]);
        check(&found, &[(2, 0.625), (0, 0.25)]);
    }

    #[test]
    fn their_weights_can_be_scaled_to_a_sum_of_one_and_then_by_a_factor() {
        let spec = RouterSpec {
            sum: Sum::ONE,
            scale: 3.0,
            ..RouterSpec::default()
        };
        let found = chosen(&logits(&[0.2, 0.2, 0.6]), &spec, 2, &[]);
        check(&found, &[(2, 2.25), (0, 0.75)]);
    }

    #[test]
    fn a_sum_too_small_to_divide_by_counts_as_the_least() {
        let spec = RouterSpec {
            sum: Sum::One {
                more: 0.0,
                least: 2.0,
            },
            ..RouterSpec::default()
        };
        check(&chosen(&[0.0, 0.0], &spec, 1, &[]), &[(0, 0.25)]);
    }

    #[test]
    fn a_softmax_can_be_taken_over_the_chosen_ones_only() {
        let spec = RouterSpec {
            score: RouterScore::SoftmaxOfChosen,
            ..RouterSpec::default()
        };
        let found = chosen(&logits(&[0.25, 0.125, 0.625, 0.75]), &spec, 2, &[]);
        check(&found, &[(3, 0.545_454_5), (2, 0.454_545_5)]);
    }

    #[test]
    fn a_correction_chooses_and_does_not_weigh() {
        let spec = RouterSpec {
            score: RouterScore::Sigmoid,
            ..RouterSpec::default()
        };
        let found = chosen(&[0.0, 0.0, 3.0], &spec, 1, &[0.0, 9.0, 0.0]);
        check(&found, &[(1, 0.5)]);
    }

    #[test]
    fn experts_are_chosen_of_the_groups_whose_best_two_score_most() {
        let spec = RouterSpec {
            groups: Some(Groups {
                count: 2,
                used: 1,
                best: 2,
            }),
            score: RouterScore::SoftmaxOfChosen,
            ..RouterSpec::default()
        };
        let found = chosen(&[3.0, -9.0, 1.0, 2.0], &spec, 2, &[]);
        check(&found, &[(3, 0.731_058_6), (2, 0.268_941_4)]);
    }

    #[test]
    fn sparse_mixer_weighs_each_among_those_that_are_nearly_as_good() {
        let found = sparse_mixer(&[2.0, 1.0, -1.0, 1.99], 0.01);
        let share = 1.0 / (1.0 + (-0.01_f32).exp());
        check(&found, &[(0, share), (3, 1.0)]);
    }
}
