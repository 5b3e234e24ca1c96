//! Reads a `tokenizer.json`, unless its steps make far more of a text than there was: each may
//! lengthen what the one before it gave, so that a file of two kilobytes could ask for more memory
//! than there is.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::guard::guarded;

/// No model's tokenizer makes more of a text: the longest chains, of normal forms, a SentencePiece
/// map and a few replacements, come to some two thousand by the bounds below.
const MOST: u64 = 1 << 12;

/// The steps that a text goes through. Added tokens go through the first while the file is read.
#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
}

/// The tokenizer that `json` describes; the error is one line.
pub(super) fn read(json: &[u8]) -> Result<tokenizers::Tokenizer, String> {
    let steps: Steps = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let all = [
        &steps.normalizer,
        &steps.pre_tokenizer,
        &steps.post_processor,
    ];
    let most = all.into_iter().map(growth).fold(1, u64::saturating_mul);
    if most > MOST {
        return Err(format!(
            "its steps may make a text {most} times as long; the file is damaged"
        ));
    }
    guarded(|| tokenizers::Tokenizer::from_bytes(json))
}

/// How many times as long a text may be behind a step, and all steps in it.
fn growth(step: &Value) -> u64 {
    match step {
        Value::Array(steps) => steps.iter().map(growth).fold(1, u64::saturating_mul),
        Value::Object(fields) => fields
            .values()
            .map(growth)
            .fold(own_growth(step), u64::saturating_mul),
        _ => 1,
    }
}

/// The same of a step by itself. The bounds of the normal forms are those of UAX #15 for UTF-8.
fn own_growth(step: &Value) -> u64 {
    let length = |text: &Value| text.as_str().map_or(0, |text| text.len() as u64);
    if let (Some(content), Some(pattern)) = (step.get("content"), step.get("pattern")) {
        let replaced = pattern.get("String").map_or(1, length).max(1);
        return length(content).div_ceil(replaced).max(1);
    }
    if let Some(pieces) = step.get("single").and_then(Value::as_array) {
        let texts = pieces
            .iter()
            .filter(|piece| piece.get("Sequence").is_some());
        return (texts.count() as u64).max(1);
    }
    let charsmap = step.get("precompiled_charsmap").and_then(Value::as_str);
    if charsmap.is_some_and(|charsmap| !decoded_holds_its_rules(charsmap)) {
        return u64::MAX;
    }
    match step.get("type").and_then(Value::as_str) {
        Some("NFC" | "NFD" | "Metaspace") => 3,
        Some("NFKC" | "NFKD") => 11,
        Some("Lowercase" | "BertNormalizer" | "ByteLevel") => 2,
        Some("Precompiled") => 32,
        // What older files call the same, without a type.
        _ if step.get("trim_offsets").is_some() => 2,
        _ if step.get("precompiled_charsmap").is_some() => 32,
        _ => 1,
    }
}

/// Whether rules of SentencePiece, of which these are the first bytes and which have `length`
/// bytes, are as long as they say. The library asks for the memory before it looks.
pub(super) fn holds_its_rules(first: &[u8], length: usize) -> bool {
    let Some((claimed, _)) = first.split_first_chunk() else {
        return false;
    };
    usize::try_from(u32::from_le_bytes(*claimed)).is_ok_and(|claimed| claimed <= length - 4)
}

/// The same of rules that are written in base64.
fn decoded_holds_its_rules(charsmap: &str) -> bool {
    let first = charsmap.get(..8).map(|first| BASE64_STANDARD.decode(first));
    // What is no base64 the library refuses itself.
    let Some(Ok(first)) = first else {
        return true;
    };
    holds_its_rules(&first, charsmap.len() / 4 * 3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_one_behind_the_other_multiply() {
        let replace = json!({
            "type": "Replace", "pattern": {"String": "a"}, "content": "aaaa"
        });
        assert_eq!(growth(&replace), 4);
        let twice = json!({"type": "Sequence", "normalizers": [replace, {"type": "NFC"}, replace]});
        assert_eq!(growth(&twice), 48);
    }

    #[test]
    fn what_gets_shorter_or_stays_does_not_count() {
        for step in [
            json!(null),
            json!({"type": "Replace", "pattern": {"String": "    "}, "content": " "}),
            json!({"type": "Replace", "pattern": {"Regex": " +"}, "content": ""}),
            json!({"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated"}),
            json!({"type": "TemplateProcessing", "single": [
                {"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}
            ]}),
        ] {
            assert_eq!(growth(&step), 1, "{step}");
        }
    }

    #[test]
    fn a_text_that_is_repeated_counts() {
        let text = json!({"Sequence": {"id": "A"}});
        let template = json!({"type": "TemplateProcessing", "single": [text, text]});
        let steps = vec![template; 20];
        assert_eq!(growth(&json!({"processors": steps})), 1 << 20);
    }

    #[test]
    fn rules_that_say_that_they_are_longer_than_they_are_ask_for_too_much() {
        let step = |rules: &[u8]| json!({"precompiled_charsmap": BASE64_STANDARD.encode(rules)});
        assert_eq!(growth(&step(&[4, 0, 0, 0, 1, 2, 3, 4, b'a', 0])), 32);
        assert_eq!(
            growth(&step(&[0, 0, 0, 0xff, 1, 2, 3, 4, b'a', 0])),
            u64::MAX
        );
        assert!(!holds_its_rules(&[1, 2], 2));
    }

    #[test]
    fn a_file_that_asks_for_far_too_much_is_refused_before_it_is_read() {
        let steps = vec![json!({"type": "ByteLevel"}); 40];
        let json = json!({"normalizer": {"type": "Sequence", "normalizers": steps}});
        let error = read(json.to_string().as_bytes()).unwrap_err();
        assert!(error.contains("1099511627776 times as long"), "{error}");
    }
}
