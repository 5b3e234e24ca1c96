//! How the weights of a checkpoint are stored: often in several types at once.

use std::collections::BTreeMap;

/// How the weights of a checkpoint are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// In one word, for example `Q4_K_M` or `BF16`.
    pub name: String,
    /// The types, that of most weights first.
    pub shares: Vec<Share>,
}

/// What is stored in one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The type, as its file format calls it.
    pub kind: String,
    /// How many tensors.
    pub tensors: usize,
    /// How many weights.
    pub weights: u64,
    /// Bytes in the files; 0 where they are not known.
    pub bytes: u64,
}

/// One tensor of a mix.
pub(super) struct Portion {
    /// Its type.
    pub kind: String,
    /// How many weights.
    pub weights: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Whether the whole is named for the type of such tensors, where there are any.
    pub names_the_whole: bool,
}

impl Mix {
    /// Of these tensors.
    pub(super) fn of(tensors: impl Iterator<Item = Portion>) -> Self {
        let mut shares: BTreeMap<String, (Share, u64)> = BTreeMap::new();
        for tensor in tensors {
            let (share, naming) = shares.entry(tensor.kind.clone()).or_insert_with(|| {
                let share = Share {
                    kind: tensor.kind,
                    tensors: 0,
                    weights: 0,
                    bytes: 0,
                };
                (share, 0)
            });
            share.tensors += 1;
            share.weights = share.weights.saturating_add(tensor.weights);
            share.bytes = share.bytes.saturating_add(tensor.bytes);
            if tensor.names_the_whole {
                *naming = naming.saturating_add(tensor.weights);
            }
        }
        let mut shares: Vec<(Share, u64)> = shares.into_values().collect();
        shares.sort_by_key(|(share, _)| std::cmp::Reverse(share.weights));
        let named = shares
            .iter()
            .max_by_key(|(share, naming)| (*naming, share.weights));
        Self {
            name: named.map_or_else(String::new, |(share, _)| share.kind.clone()),
            shares: shares.into_iter().map(|(share, _)| share).collect(),
        }
    }

    /// The same under another name.
    pub(super) fn called(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// Whether something is stored in this type.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.shares.iter().any(|share| share.kind == kind)
    }

    /// The part of all weights that is stored in a type, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    pub fn part(&self, share: &Share) -> f64 {
        let weights = self.shares.iter().map(|share| share.weights);
        let all = weights.fold(0, u64::saturating_add);
        share.weights as f64 / (all as f64).max(1.0)
    }

    /// The name, and the parts of all weights where there is more than one type:
    /// `Q4_K_M (Q4_K 62 %, Q6_K 38 %, F32 <1 %)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.shares.len() < 2 {
            return self.name.clone();
        }
        let shares = self.shares.iter().map(|share| {
            let percent = 100.0 * self.part(share);
            match percent {
                _ if percent < 0.95 => format!("{} <1 %", share.kind),
                // Not all of it, whatever the rounding says.
                _ => format!("{} {:.0} %", share.kind, percent.min(99.0)),
            }
        });
        let shares: Vec<String> = shares.collect();
        format!("{} ({})", self.name, shares.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(tensors: &[(&str, u64, bool)]) -> Mix {
        let tensors = tensors.iter();
        Mix::of(tensors.map(|&(kind, weights, names_the_whole)| Portion {
            kind: kind.to_owned(),
            weights,
            bytes: 0,
            names_the_whole,
        }))
    }

    #[test]
    fn an_embedding_of_more_bits_gives_the_whole_no_name() {
        let mix = mix(&[
            ("Q8_0", 700, false),
            ("Q4_K", 200, true),
            ("Q6_K", 95, true),
            ("F32", 5, false),
        ]);
        assert_eq!(mix.name, "Q4_K");
        assert_eq!(
            mix.called("Q4_K_M").in_words(),
            "Q4_K_M (Q8_0 70 %, Q4_K 20 %, Q6_K 10 %, F32 <1 %)"
        );
    }

    #[test]
    fn one_type_is_told_without_numbers() {
        assert_eq!(
            mix(&[("BF16", 5, true), ("BF16", 1, true)]).in_words(),
            "BF16"
        );
        let nearly = mix(&[("BF16", 100_000, true), ("F32", 1, true)]);
        assert_eq!(nearly.in_words(), "BF16 (BF16 99 %, F32 <1 %)");
    }
}
