//! Reads a `tokenizer.json`, unless its steps make far more of a text than there was: each may
//! lengthen what the one before it gave, so that a file of two kilobytes could ask for more memory
//! than there is.

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
    fn a_file_that_asks_for_far_too_much_is_refused_before_it_is_read() {
        let steps = vec![json!({"type": "ByteLevel"}); 40];
        let json = json!({"normalizer": {"type": "Sequence", "normalizers": steps}});
        let error = read(json.to_string().as_bytes()).unwrap_err();
        assert!(error.contains("1099511627776 times as long"), "{error}");
    }
}
