//! Ranks by counting and the best tokens by selection; nothing here sorts the vocabulary.

use pulp::Arch;

use crate::trace::TokenId;

/// Values that are compared as one before any is looked at.
const LANES: usize = 64;

/// How many logits are strictly higher than `logit`, and how many are equal to it.
#[must_use]
pub fn higher_and_equal(logits: &[f32], logit: f32) -> (u32, u32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut counts = (0_u32, 0_u32);
            for z in logits {
                counts.0 += u32::from(*z > logit);
                counts.1 += u32::from(*z == logit);
            }
            counts
        },
    )
}

/// The `k` highest logits whose token `may` be listed, best first; of equal ones the token with
/// the lower id stands first.
#[must_use]
pub fn top(logits: &[f32], k: usize, may: impl Fn(TokenId) -> bool) -> Vec<(TokenId, f32)> {
    let mut best: Vec<(TokenId, f32)> = Vec::with_capacity(k + 1);
    let mut bar = f32::NEG_INFINITY;
    for (chunk, start) in logits.chunks(LANES).zip((0_u32..).step_by(LANES)) {
        if best.len() == k && !any_above(chunk, bar) {
            continue;
        }
        for (z, id) in chunk.iter().zip(start..) {
            let id = TokenId(id);
            if (best.len() < k || *z > bar) && may(id) {
                let place = best.partition_point(|(_, other)| other >= z);
                best.insert(place, (id, *z));
                best.truncate(k);
                bar = match best.last() {
                    Some((_, last)) if best.len() == k => *last,
                    _ => f32::NEG_INFINITY,
                };
            }
        }
    }
    best
}

fn any_above(chunk: &[f32], bar: f32) -> bool {
    Arch::new().dispatch(
        #[inline(always)]
        || chunk.iter().fold(false, |any, z| any | (*z > bar)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_share_the_better_rank() {
        let logits = [1.0, 3.0, 2.0, 3.0];
        let ranks: Vec<u32> = logits
            .iter()
            .map(|z| 1 + higher_and_equal(&logits, *z).0)
            .collect();
        assert_eq!(ranks, [4, 1, 3, 1]);
    }

    #[test]
    fn a_token_that_may_not_be_listed_is_passed_over() {
        let best = top(&[5.0, 9.0, 7.0], 2, |id| id != TokenId(1));
        assert_eq!(best, [(TokenId(2), 7.0), (TokenId(0), 5.0)]);
    }

    #[test]
    fn fewer_tokens_than_asked_for_are_all_listed() {
        assert_eq!(top(&[1.0], 5, |_| true), [(TokenId(0), 1.0)]);
        assert_eq!(top(&[1.0], 0, |_| true), []);
    }

    proptest! {
        #[test]
        fn it_selects_what_sorting_would(
            small in proptest::collection::vec(0_u8..50, 1..500),
            k in 0_usize..20,
        ) {
            let logits: Vec<f32> = small.iter().map(|x| f32::from(*x)).collect();
            let mut sorted: Vec<(TokenId, f32)> =
                (0..).map(TokenId).zip(logits.iter().copied()).collect();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            sorted.truncate(k);
            prop_assert_eq!(top(&logits, k, |_| true), sorted);
        }
    }
}
