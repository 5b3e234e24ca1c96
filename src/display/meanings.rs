//! What the figures and signs on the screen mean, in a line each: for the help and for the manual.

/// A figure or a sign, and what it means.
pub type Meaning = (&'static str, &'static str);

/// All of them. Each line fits a screen of 80 columns.
pub const MEANINGS: [Meaning; 20] = [
    (
        "L0, L1 …",
        "the stream after that layer, read as if it were the last one",
    ),
    ("emb", "the stream before layer 0: the embedding alone"),
    (
        "rank",
        "1 + the number of tokens with a higher logit; 1 is best",
    ),
    (
        "=",
        "other tokens have exactly the same logit, and so the same rank",
    ),
    (
        "▴ ▾",
        "the rank is better, worse by ×3 or more than one layer before",
    ),
    (
        "logit",
        "the token's score; differences of logits are log odds",
    ),
    (
        "p",
        "probability: the softmax of the logits over all tokens",
    ),
    (
        "H",
        "entropy of a layer's probabilities, in nats; 0 is certain",
    ),
    (
        "KL",
        "KL(final ‖ layer), in nats; 0 where a layer agrees with the last",
    ),
    ("rank@½", "the token's rank at half of the layers"),
    (
        "settles",
        "the first layer from which on the token has rank 1",
    ),
    (
        "normed",
        "lens: final norm, then unembedding, at every layer",
    ),
    (
        "raw",
        "lens: the norm is left out at every layer but the last",
    ),
    (
        "tuned",
        "lens: first a map fitted to the layer; predicts the next token",
    ),
    (
        "jacobian",
        "lens: what a layer disposes the model to say later",
    ),
    (
        "exact",
        "float32 arithmetic on the weights as they are stored",
    ),
    ("⟦ ⟧", "around the text behind the prompt"),
    ("›", "before a token: it was given, not chosen"),
    ("· ⏎ ⇥", "a space, a line's end, a tab in a token"),
    ("⟨E2 82⟩", "bytes that are no whole character by themselves"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::text;

    #[test]
    fn each_meaning_fits_a_line_of_a_small_screen() {
        for (sign, meaning) in MEANINGS {
            assert!(text::width(sign) <= 9, "{sign}");
            // Two borders, a space on either side, and the column of the signs.
            assert!(text::width(meaning) <= 80 - 4 - 2 - 10, "{meaning}");
        }
    }
}
