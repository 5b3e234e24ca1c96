//! A tokenizer that reads a text as one that follows another.
//!
//! Some tokenizers put a space in front of every text, so that its first word is the same token
//! as elsewhere, or take away the spaces around it. For a text that is said to follow another, that
//! would be a lie.

use tokenizers::normalizers::Sequence as Normalizers;
use tokenizers::pre_tokenizers::metaspace::PrependScheme;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use super::from_sentencepiece::is_about_ends;

/// `tokenizer` without the space that it puts in front of a text, and with those that it takes
/// away; `None` if it does neither.
pub(super) fn without_opening_space(
    tokenizer: &Tokenizer,
) -> tokenizers::Result<Option<Tokenizer>> {
    let normaliser = tokenizer.get_normalizer();
    let pre_tokenizer = tokenizer.get_pre_tokenizer();
    let opens =
        normaliser.is_some_and(normaliser_opens) || pre_tokenizer.is_some_and(pre_tokenizer_opens);
    if !opens {
        return Ok(None);
    }
    let mut plain = tokenizer.clone();
    plain.with_normalizer(normaliser.cloned().and_then(plain_normaliser))?;
    plain.with_pre_tokenizer(pre_tokenizer.cloned().map(plain_pre_tokenizer));
    Ok(Some(plain))
}

fn normaliser_opens(normaliser: &NormalizerWrapper) -> bool {
    match normaliser {
        NormalizerWrapper::Prepend(_) => true,
        NormalizerWrapper::Replace(step) => is_about_ends(step),
        NormalizerWrapper::Sequence(steps) => steps.as_ref().iter().any(normaliser_opens),
        _ => false,
    }
}

fn pre_tokenizer_opens(pre_tokenizer: &PreTokenizerWrapper) -> bool {
    match pre_tokenizer {
        PreTokenizerWrapper::ByteLevel(bytes) => bytes.add_prefix_space,
        PreTokenizerWrapper::Metaspace(spaces) => spaces.prepend_scheme != PrependScheme::Never,
        PreTokenizerWrapper::Sequence(steps) => steps.as_ref().iter().any(pre_tokenizer_opens),
        _ => false,
    }
}

fn plain_normaliser(normaliser: NormalizerWrapper) -> Option<NormalizerWrapper> {
    match normaliser {
        NormalizerWrapper::Prepend(_) => None,
        NormalizerWrapper::Replace(step) if is_about_ends(&step) => None,
        NormalizerWrapper::Sequence(steps) => {
            let steps = steps.into_iter().filter_map(plain_normaliser).collect();
            Some(Normalizers::new(steps).into())
        }
        other => Some(other),
    }
}

fn plain_pre_tokenizer(pre_tokenizer: PreTokenizerWrapper) -> PreTokenizerWrapper {
    match pre_tokenizer {
        PreTokenizerWrapper::ByteLevel(bytes) => bytes.add_prefix_space(false).into(),
        PreTokenizerWrapper::Metaspace(mut spaces) => {
            spaces.set_prepend_scheme(PrependScheme::Never);
            spaces.into()
        }
        PreTokenizerWrapper::Sequence(steps) => {
            let steps = steps.into_iter().map(plain_pre_tokenizer).collect();
            PreTokenizers::new(steps).into()
        }
        other => other,
    }
}
