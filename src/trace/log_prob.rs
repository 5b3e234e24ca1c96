//! Probabilities by their logarithm: those of many tokens together are smaller than any floating
//! number.

use std::f64::consts::LN_10;
use std::fmt;

use serde::Serialize;

/// The natural logarithm of a probability.
///
/// It is shown as the probability itself, with two or three digits, as many as are of use:
/// `0.159`, `7.2e-6`, `6.1e-45`, `3.0e-4321`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct LogProb(pub f64);

impl fmt::Display for LogProb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ln) = self;
        let prob = ln.exp();
        if prob >= 0.0005 {
            return write!(f, "{prob:.3}");
        }
        let log10 = ln / LN_10;
        if !log10.is_finite() {
            return write!(f, "{prob:.1e}");
        }
        let exponent = log10.floor();
        let mantissa = format!("{:.1}", 10_f64.powf(log10 - exponent));
        match mantissa.as_str() {
            "10.0" => write!(f, "1.0e{}", exponent + 1.0),
            mantissa => write!(f, "{mantissa}e{exponent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_shown_however_small_it_is() {
        for (ln, shown) in [
            (0.0, "1.000"),
            (0.159_f64.ln(), "0.159"),
            (0.0004_f64.ln(), "4.0e-4"),
            (7.2e-6_f64.ln(), "7.2e-6"),
            // 10 to the whole power, from either side.
            (1e-5_f64.ln(), "1.0e-5"),
            (9.99e-6_f64.ln(), "1.0e-5"),
            // Less than float32 can hold, and less than float64 can.
            (-101.8056, "6.1e-45"),
            (-1000.0, "5.1e-435"),
            (-123_456.789, "2.5e-53617"),
        ] {
            assert_eq!(LogProb(ln).to_string(), shown, "{ln}");
        }
    }
}
