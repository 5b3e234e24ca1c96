//! What a split logit is called.

use crate::app::{AttributedLogit, Attribution, Goal, Run};
use crate::display::letter;
use crate::vocabulary::Vocabulary;

/// The target of a split, by its tokens and by what they are to the user: `·are − ·is (b − a)`.
pub fn target(
    page: &Attribution,
    run: &Run,
    split: &AttributedLogit,
    vocabulary: &Vocabulary,
) -> String {
    let target = split.attribution.target;
    let token = vocabulary.label(target.token);
    let tokens = match target.minus {
        Some(minus) => format!("{token} − {}", vocabulary.label(minus)),
        None => token,
    };
    let column = run.column_at(run.place_of(split.at));
    let goals = page.targets(run.id, column);
    let is_wanted = |goal: &Goal| *goal == page.goal;
    let goal = goals
        .iter()
        .filter(|(_, of)| *of == target)
        .map(|(goal, _)| *goal)
        .max_by_key(is_wanted);
    match goal {
        Some(Goal::Chosen) => format!("{tokens} (chosen)"),
        Some(Goal::AboveRunnerUp) => format!("{tokens} (chosen − best other)"),
        Some(Goal::Between(a, b)) => format!("{tokens} ({} − {})", letter(a), letter(b)),
        Some(Goal::Candidate(at)) => format!("{tokens} ({})", letter(at)),
        None => tokens,
    }
}
