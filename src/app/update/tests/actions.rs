//! What a key is bound to is done where the key works.

use strum::EnumCount;

use super::*;
use crate::app::update::act::taken;
use crate::app::{
    ActionList, Attribution, Entry, FollowedCandidates, Help, Picker, Predictions, PromptTokens,
    Purpose, RunList, SummaryPage,
};
use crate::settings::keys::Scope;
use crate::trace::Candidate;

/// One page of each kind.
fn pages() -> Vec<Page> {
    let candidate = Candidate {
        text: " is".into(),
        tokens: vec![TokenId(1)],
        context_changed: false,
    };
    let followed = FollowedCandidates::new(vec![(0, candidate)]).unwrap();
    vec![
        Help::default().into(),
        Picker::default().into(),
        RunList::default().into(),
        Entry::new(Purpose::Ablations, "L1").into(),
        ActionList::default().into(),
        Predictions::default().into(),
        Attribution::default().into(),
        SummaryPage::default().into(),
        PromptTokens::default().into(),
        followed.into(),
    ]
}

#[test]
fn what_a_key_does_on_a_page_is_taken_there() {
    let pages = pages();
    assert_eq!(pages.len(), Page::COUNT, "each page is tried");
    let (world, _) = with_steps(3);
    for page in pages {
        for scope in page.scopes() {
            for binding in world.settings.keymap.bindings(*scope) {
                let mut state = world.clone();
                state.page = Some(page.clone());
                let done = taken(&mut state, binding.action);
                assert!(done.is_some(), "{scope:?}: nobody takes {}", binding.action);
            }
        }
    }
}

#[test]
fn what_a_key_does_in_a_pane_is_taken_there() {
    let pages: Vec<Scope> = pages().iter().map(|page| page.scopes()[0]).collect();
    let (world, _) = with_steps(3);
    for scope in Scope::ALL
        .into_iter()
        .filter(|scope| !pages.contains(scope))
    {
        for binding in world.settings.keymap.bindings(scope) {
            let done = taken(&mut world.clone(), binding.action);
            assert!(done.is_some(), "{scope:?}: nobody takes {}", binding.action);
        }
    }
}

/// However many columns the help has beside one another on such a screen.
#[test]
fn a_page_key_goes_no_further_than_the_page_shows() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let (mut state, _) = start_with(|_| Start::on((columns, rows)));
        press(&mut state, "ctrl-g");
        press(&mut state, "?");
        press(&mut state, "pagedown");
        let Some(Page::Actions(list)) = &state.page else {
            panic!("{:?}", state.page);
        };
        // Status line, key line, two borders and the field stand around the list.
        assert_eq!(list.selected, usize::from(rows) - 5);
    }
}
