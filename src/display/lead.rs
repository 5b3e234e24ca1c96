//! Where the lead changes among candidates, in words: for the screen and for commands alike.

use super::{letter, prompt_letter};
use crate::trace::Lead;

/// As `lead changes at L26 (a → b)`, with the letter of the prompt before it where there are
/// several; `a leads at every layer` where it never does. Nothing where nobody leads.
#[must_use]
pub fn lead_changes(leads: &[Lead], prompt: Option<usize>) -> String {
    let changes: Vec<String> = leads
        .iter()
        .filter_map(|lead| {
            let (from, to) = lead.from.zip(lead.candidate)?;
            Some(format!("{} ({} → {})", lead.row, letter(from), letter(to)))
        })
        .collect();
    let words = match (leads.iter().find_map(|lead| lead.candidate), &*changes) {
        (None, _) => return String::new(),
        (Some(only), []) => format!("{} leads at every layer", letter(only)),
        (Some(_), changes) => format!("lead changes at {}", changes.join(", ")),
    };
    match prompt {
        Some(prompt) => format!("{}: {words}", prompt_letter(prompt)),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Layer, Row};

    fn leads(ahead: &[usize]) -> Vec<Lead> {
        let before = std::iter::once(None).chain(ahead.iter().copied().map(Some));
        ahead
            .iter()
            .zip(before)
            .enumerate()
            .map(|(layer, (candidate, before))| Lead {
                row: Row::Layer(Layer(layer)),
                candidate: Some(*candidate),
                from: before.filter(|before| before != candidate),
            })
            .collect()
    }

    #[test]
    fn each_change_says_who_led_and_who_leads() {
        let words = |ahead: &[usize], prompt| lead_changes(&leads(ahead), prompt);
        assert_eq!(
            words(&[0, 0, 1, 0], None),
            "lead changes at L2 (a → b), L3 (b → a)"
        );
        assert_eq!(words(&[2, 2], None), "c leads at every layer");
        assert_eq!(words(&[0, 1], Some(1)), "B: lead changes at L1 (a → b)");
        assert_eq!(words(&[], None), "");
    }
}
