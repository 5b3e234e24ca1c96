//! Figures counted against those of a reference, kind by kind.

use super::check::{Check, Outcome};

/// How much further the float32 sums of entropy and KL may be off than the logits tell: sums over
/// the vocabulary, added in any order, of a program that may keep them in float32.
const SUMMED: f32 = 2e-5;

/// How far ranks are from those of the reference.
#[derive(Debug, Default)]
pub struct Ranks {
    compared: usize,
    equal: usize,
    /// Further off than 1 + 1 %.
    far: usize,
    /// The one that differs most, ours and the reference's.
    widest: (u32, u32),
    /// Where one lies where rounding cannot put it.
    outside: usize,
    first_outside: Option<String>,
}

impl Ranks {
    /// Counts a rank that may be one of `possible`.
    pub fn compare(
        &mut self,
        found: u32,
        expected: u32,
        possible: &std::ops::RangeInclusive<u32>,
        place: impl FnOnce() -> String,
    ) {
        self.compared += 1;
        self.equal += usize::from(found == expected);
        let apart = found.abs_diff(expected);
        self.far += usize::from(f64::from(apart) > 1.0 + 0.01 * f64::from(expected));
        if apart > self.widest.0.abs_diff(self.widest.1) {
            self.widest = (found, expected);
        }
        if !possible.contains(&expected) {
            self.outside += 1;
            self.first_outside.get_or_insert_with(|| {
                let (least, most) = (possible.start(), possible.end());
                format!(
                    "; first {}: {found}, the reference has {expected}, rounding allows {least} \
                     to {most}",
                    place()
                )
            });
        }
    }

    /// As a line.
    pub fn check(self, what: &'static str) -> Check {
        let Self {
            compared,
            equal,
            far,
            widest: (found, expected),
            outside,
            first_outside,
        } = self;
        let widest = match found == expected {
            true => String::new(),
            false => format!(", the widest apart {found} and {expected}"),
        };
        let first = first_outside.unwrap_or_default();
        Check {
            what,
            figures: format!(
                "{equal} of {compared} equal{widest}, {far} off by more than 1 + 1 %, {outside} \
                 further than rounding goes{first}"
            ),
            outcome: Outcome::from(outside == 0),
        }
    }

    /// How many were compared.
    pub fn compared(&self) -> usize {
        self.compared
    }
}

/// Numbers, each with how far it may be off.
#[derive(Debug, Default)]
pub struct Numbers {
    compared: usize,
    largest: f32,
    /// Where it is.
    largest_at: Option<String>,
    /// The largest as a share of what is allowed.
    share: f32,
    outside: usize,
    first_outside: Option<String>,
}

impl Numbers {
    /// Counts a number that may be off by `bound`.
    pub fn compare(&mut self, found: f32, expected: f32, bound: f32, place: impl Fn() -> String) {
        let apart = (found - expected).abs();
        self.compared += 1;
        if apart > self.largest {
            self.largest = apart;
            self.largest_at = Some(place());
        }
        if apart > 0.0 {
            self.share = self.share.max(apart / bound);
        }
        // What is no number is outside too.
        if !matches!(apart.partial_cmp(&bound), Some(order) if order.is_le()) {
            self.outside += 1;
            self.first_outside.get_or_insert_with(|| {
                format!("; first {}: {found}, the reference has {expected}", place())
            });
        }
    }

    /// As a line; none where nothing was compared.
    pub fn check(self, what: &'static str) -> Option<Check> {
        let Self {
            compared,
            largest,
            largest_at,
            share,
            outside,
            first_outside,
        } = self;
        let at = largest_at.map_or(String::new(), |place| format!(" ({place})"));
        let first = first_outside.unwrap_or_default();
        (compared > 0).then(|| Check {
            what,
            figures: format!(
                "{compared} compared, largest difference {largest:.1e}{at}, {:.0} % of what rounding \
                 can do at most, {outside} beyond it{first}",
                share * 100.0
            ),
            outcome: Outcome::from(outside == 0),
        })
    }
}

/// How far an entropy may be off where no logit moves by more than `bound`: H = ln Σ exp z - Σ p
/// z moves by Σ p (ln p + H) dz, and Σ p |ln p + H| is no more than 2 H.
pub fn of_entropy(entropy: f32, bound: f32) -> f32 {
    2.0 * entropy * bound + SUMMED * (1.0 + entropy)
}

/// The same of a KL: the logits of the final layer move it by Σ p |ln p/q - KL| `bound`, which is
/// no more than 2 KL + 2 (Σ p |ln p/q| is no more than KL + 2/e), those of the layer itself by
/// Σ |q - p| `bound`.
pub fn of_kl(kl: f32, bound: f32) -> f32 {
    (2.0 * kl + 4.0) * bound + SUMMED * (1.0 + kl)
}
