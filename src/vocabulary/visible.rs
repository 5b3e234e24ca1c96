//! Text made safe to show: what cannot be seen, and what a terminal could take as a command, is
//! spelled out instead of being sent or dropped, since a token's identity matters.

use std::fmt::Write as _;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// One line that shows every byte of a token: spaces as `·`, newlines as `⏎`, tabs as `⇥`,
/// invisible characters as `⟨200B⟩`, each run of bytes that are no character as `⟨E2 82⟩`.
#[must_use]
pub fn label(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "⟨⟩".to_owned();
    }
    let mut label = Visible::new(Layout::Label);
    let mut broken: Vec<u8> = Vec::new();
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_empty() {
            label.push_bytes(&std::mem::take(&mut broken));
            label.push_str(chunk.valid());
        }
        broken.extend_from_slice(chunk.invalid());
    }
    label.push_bytes(&broken);
    label.out
}

/// Free text, made safe to show on several lines: newlines and spaces stay, `\r\n` is a newline,
/// a tab is `⇥`, control and invisible characters are `⟨200B⟩`.
///
/// Give it a whole text rather than its parts: a combining mark at the start of `text` is spelled
/// out, as it has nothing to combine with.
#[must_use]
pub fn visible_text(text: &str) -> String {
    let mut visible = Visible::new(Layout::Text);
    visible.push_str(text);
    visible.out
}

/// Free text, made safe to show in one line: [`visible_text`], with newlines as `⏎`. For whatever a
/// terminal gets outside of the screen: names, paths, values of the environment.
#[must_use]
pub fn visible_line(text: &str) -> String {
    visible_text(text).replace('\n', "⏎")
}

/// Whether a terminal could take `c` as a command, or as one to the direction of text: control
/// characters, newlines too, format characters, line separators.
#[must_use]
pub fn steers(c: char) -> bool {
    match c {
        ' '..='~' => false,
        c => matches!(
            category(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        ),
    }
}

/// What the visible text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One line, in which white space shows.
    Label,
    /// Lines to be read.
    Text,
}

/// Visible text under construction.
struct Visible {
    layout: Layout,
    out: String,
    /// The last character of `out` where a mark may be put on it: a character of the text
    /// itself, not one that we put in its place.
    base: Option<char>,
}

impl Visible {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            out: String::new(),
            base: None,
        }
    }

    fn push_str(&mut self, text: &str) {
        for cluster in text.graphemes(true) {
            if cluster == "\r\n" && self.layout == Layout::Text {
                self.put_instead('\n');
            } else {
                self.push_cluster(cluster);
            }
        }
    }

    /// Terminals disagree on the width of emoji sequences, so that only their first emoji is
    /// shown, without a variation selector or a skin tone.
    fn push_cluster(&mut self, cluster: &str) {
        let mut chars = cluster.chars().peekable();
        while let Some(c) = chars.next() {
            match (self.base, c, chars.peek()) {
                (Some(_), ZERO_WIDTH_JOINER, Some(&next)) if is_pictograph(next) => return,
                (Some(base), ..) if only_varies(base, c) => {}
                _ => self.push_char(c),
            }
        }
    }

    fn push_char(&mut self, c: char) {
        match (c, self.layout) {
            (' ', Layout::Label) => self.put_instead('·'),
            ('\n', Layout::Label) => self.put_instead('⏎'),
            ('\n', Layout::Text) => self.put_instead('\n'),
            ('\t', _) => self.put_instead('⇥'),
            _ if is_hidden(c) || (self.layout == Layout::Label && is_odd_space(c)) => {
                self.spell_out(c);
            }
            _ if needs_base(c) && self.base.is_none() => self.spell_out(c),
            _ => {
                self.out.push(c);
                self.base = (!c.is_whitespace()).then_some(c);
            }
        }
    }

    fn put_instead(&mut self, sign: char) {
        self.out.push(sign);
        self.base = None;
    }

    fn spell_out(&mut self, c: char) {
        if c.is_ascii() {
            return self.push_bytes(&[c as u8]);
        }
        // Writing to a string cannot fail.
        let _ = write!(self.out, "⟨{:04X}⟩", u32::from(c));
        self.base = None;
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let _ = write!(self.out, "⟨{}⟩", hex.join(" "));
        self.base = None;
    }
}

/// Characters that show nothing of their own, that steer a terminal or the direction of text, or
/// that no font is sure to have: control, format, private, unassigned, fillers, line separators.
fn is_hidden(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            category(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

/// A space that looks like the common one, or like none.
fn is_odd_space(c: char) -> bool {
    c != ' ' && category(c) == GeneralCategory::SpaceSeparator
}

/// Whether `c` is drawn onto the character before it.
fn needs_base(c: char) -> bool {
    c.width() == Some(0)
        || matches!(
            category(c),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

/// Whether `c` can be the next part of an emoji sequence. Joiners between letters are something
/// else: they shape a word.
fn is_pictograph(c: char) -> bool {
    category(c) == GeneralCategory::OtherSymbol
}

/// Whether `c` only changes the looks of `base`: a variation selector, or the skin tone of an
/// emoji.
fn only_varies(base: char, c: char) -> bool {
    match c {
        '\u{FE0E}' | '\u{FE0F}' => true,
        '\u{1F3FB}'..='\u{1F3FF}' => base.width() == Some(2),
        _ => false,
    }
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use tokenizers::utils::SysRegex;
    use unicode_width::UnicodeWidthStr;

    fn label_of(text: &str) -> String {
        label(text.as_bytes())
    }

    #[test]
    fn white_space_shows() {
        assert_eq!(label_of(" is"), "·is");
        assert_eq!(label_of("a  b "), "a··b·");
        assert_eq!(label_of("\n\n\tx"), "⏎⏎⇥x");
        assert_eq!(label_of("\r\n"), "⟨0D⟩⏎");
        assert_eq!(label_of("a\u{A0}b\u{3000}"), "a⟨00A0⟩b⟨3000⟩");
    }

    #[test]
    fn control_and_invisible_characters_are_spelled_out() {
        assert_eq!(label_of("\x1B[2J"), "⟨1B⟩[2J");
        assert_eq!(label_of("\u{9B}2J"), "⟨009B⟩2J");
        assert_eq!(label_of("\x07\x7F"), "⟨07⟩⟨7F⟩");
        assert_eq!(label_of("a\u{200B}b"), "a⟨200B⟩b");
        assert_eq!(label_of("\u{202E}abc\u{2066}"), "⟨202E⟩abc⟨2066⟩");
        assert_eq!(label_of("\u{2028}\u{FEFF}"), "⟨2028⟩⟨FEFF⟩");
        assert_eq!(label_of("\u{E000}\u{378}"), "⟨E000⟩⟨0378⟩");
        assert_eq!(label_of("\u{3164}x\u{E0041}"), "⟨3164⟩x⟨E0041⟩");
    }

    #[test]
    fn broken_bytes_are_one_run_between_whole_characters() {
        assert_eq!(label(b"\xE2\x82"), "⟨E2 82⟩");
        assert_eq!(label(b"\x82\xAC x\xF0\x9F"), "⟨82 AC⟩·x⟨F0 9F⟩");
        assert_eq!(label(b"\xFF\xFE\xE2\x82"), "⟨FF FE E2 82⟩");
        assert_eq!(label(b""), "⟨⟩");
    }

    #[test]
    fn a_mark_needs_a_character_to_stand_on() {
        assert_eq!(label_of("e\u{301}"), "e\u{301}");
        assert_eq!(label_of("\u{301}"), "⟨0301⟩");
        assert_eq!(label_of(" \u{301}"), "·⟨0301⟩");
        assert_eq!(label_of("\u{93E}"), "⟨093E⟩");
        assert_eq!(label_of("\u{915}\u{93E}"), "\u{915}\u{93E}");
        assert_eq!(visible_text("a \u{301}"), "a ⟨0301⟩");
    }

    #[test]
    fn emoji_sequences_are_cut_to_their_first_emoji() {
        assert_eq!(label_of("❤\u{FE0F}"), "❤");
        assert_eq!(label_of("👨\u{200D}👩\u{200D}👧!"), "👨!");
        assert_eq!(label_of("👍\u{1F3FD}"), "👍");
        assert_eq!(label_of("🏳\u{FE0F}\u{200D}🌈"), "🏳");
        assert_eq!(label_of("🏃\u{200D}♂\u{FE0F}"), "🏃");
    }

    #[test]
    fn parts_of_emoji_sequences_still_show() {
        assert_eq!(label_of("\u{FE0F}"), "⟨FE0F⟩");
        assert_eq!(label_of("\u{200D}👩"), "⟨200D⟩👩");
        assert_eq!(label_of("👩\u{200D}"), "👩⟨200D⟩");
        assert_eq!(label_of("\u{1F3FD}"), "\u{1F3FD}");
        assert_eq!(label_of("a\u{1F3FD}"), "a\u{1F3FD}");
    }

    #[test]
    fn a_joiner_between_letters_or_marks_cuts_nothing() {
        let word = "\u{915}\u{94D}\u{200D}\u{937}";
        assert_eq!(label_of(word), "\u{915}\u{94D}⟨200D⟩\u{937}");
        assert_eq!(label_of("a\u{200D}\u{308}"), "a⟨200D⟩⟨0308⟩");
    }

    #[test]
    fn letters_of_all_scripts_stay_as_they_are() {
        for word in [
            "straße",
            "日本語",
            "한국어",
            "ภาษาไทย",
            "עברית",
            "हिन्दी",
            "Ελληνικά",
        ] {
            assert_eq!(label_of(word), word);
        }
    }

    #[test]
    fn free_text_keeps_its_lines() {
        assert_eq!(visible_text("a b\r\nc\n\td"), "a b\nc\n⇥d");
        assert_eq!(visible_text("10\u{A0}€"), "10\u{A0}€");
        assert_eq!(visible_text("\x1B]0;title\x07\rx"), "⟨1B⟩]0;title⟨07⟩⟨0D⟩x");
    }

    /// Any character, those that matter here as often as all others.
    fn text() -> impl Strategy<Value = String> {
        let odd = "\u{0}\t\n\r \u{1B}\u{7F}\u{85}\u{9B}\u{A0}\u{AD}\u{301}\u{34F}\u{600}\u{61C}\
                   \u{93E}\u{1160}\u{115F}\u{200B}\u{200D}\u{200E}\u{202E}\u{2028}\u{2066}\u{3164}\
                   \u{FE0F}\u{FEFF}\u{FFF9}\u{1F3FD}\u{1F468}\u{E0001}\u{E0101}a";
        let odd: Vec<char> = odd.chars().collect();
        let c = prop_oneof![any::<char>(), prop::sample::select(odd)];
        prop::collection::vec(c, 0..24).prop_map(String::from_iter)
    }

    /// Control and format characters and line separators, by the tables of another library.
    fn dangerous(shown: &str) -> bool {
        let dangerous = SysRegex::new(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]").unwrap();
        dangerous.find_iter(shown).next().is_some()
    }

    proptest! {
        #[test]
        fn a_label_of_any_bytes_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            let shown = label(&bytes);
            prop_assert!(!dangerous(&shown), "{shown:?}");
            prop_assert!(shown.width() <= 5 * bytes.len().max(1));
        }

        #[test]
        fn a_label_of_any_text_is_harmless(text in text()) {
            let shown = label_of(&text);
            prop_assert!(!dangerous(&shown), "{shown:?}");
            prop_assert!(!needs_base(shown.chars().next().unwrap()), "{shown:?}");
            prop_assert!(shown.chars().all(|c| c.width().is_some()));
        }

        #[test]
        fn free_text_is_harmless_but_for_its_newlines(text in text()) {
            let shown = visible_text(&text);
            prop_assert!(!dangerous(&shown.replace('\n', "")), "{shown:?}");
        }
    }
}
