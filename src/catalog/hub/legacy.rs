//! Repositories that once had no owner on the hub: `gpt2` is `openai-community/gpt2` now. The hub
//! sends on who asks by the old id; its own tools keep what they got so in a folder of the old id.
//!
//! These are all such repositories with a decoder that can be read here.

/// The old id and the present one.
const MOVED: [(&str, &str); 5] = [
    ("distilgpt2", "distilbert/distilgpt2"),
    ("gpt2", "openai-community/gpt2"),
    ("gpt2-large", "openai-community/gpt2-large"),
    ("gpt2-medium", "openai-community/gpt2-medium"),
    ("gpt2-xl", "openai-community/gpt2-xl"),
];

/// The present id of the repository whose old one is `id`.
pub(in crate::catalog) fn present_id(id: &str) -> Option<&'static str> {
    let mut moved = MOVED.iter();
    moved.find(|(old, _)| *old == id).map(|(_, new)| *new)
}

/// The old id of the repository `id`, if it had one.
pub(in crate::catalog) fn old_id(id: &str) -> Option<&'static str> {
    let mut moved = MOVED.iter();
    moved.find(|(_, new)| *new == id).map(|(old, _)| *old)
}
