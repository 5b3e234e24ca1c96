//! Numbers of options that mean something within limits only: the same as on the command line.

use serde::de::{Deserialize, Deserializer, Error};

use super::PredictionOptions;

/// 0 or more.
pub fn not_negative<'d, D: Deserializer<'d>>(from: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(from)?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom("must be 0 or more"))
    }
}

/// More than 0.
pub fn positive<'d, D: Deserializer<'d>>(from: D) -> Result<f32, D::Error> {
    let number = f32::deserialize(from)?;
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom("must be more than 0"))
    }
}

/// More than 0 and at most 1.
pub fn share<'d, D: Deserializer<'d>>(from: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(from)?;
    if number > 0.0 && number <= 1.0 {
        Ok(number)
    } else {
        Err(D::Error::custom("must be more than 0 and at most 1"))
    }
}

/// A number of layers, or -1 for all of them.
pub fn layers<'d, D: Deserializer<'d>>(from: D) -> Result<i64, D::Error> {
    let number = i64::deserialize(from)?;
    if number >= -1 {
        Ok(number)
    } else {
        Err(D::Error::custom("must be 0 or more, or -1 for all"))
    }
}

/// As many tokens as a page lists.
pub fn listed_tokens<'d, D: Deserializer<'d>>(from: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(from)?;
    let most = PredictionOptions::MOST_TOKENS;
    if (1..=most).contains(&number) {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("must be 1 to {most}")))
    }
}
