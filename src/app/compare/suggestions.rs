//! Suggests tokens to compare: those that some layer of the position ranked high.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::trace::{Column, TokenId};

/// The tokens of a column's lists, each once. Those that stood at the top of a list come first;
/// among equals, those of later layers.
#[must_use]
pub fn suggestions(column: &Column) -> Vec<TokenId> {
    let mut best: HashMap<TokenId, (usize, Reverse<usize>)> = HashMap::new();
    for (layer, cell) in column.layers.iter().enumerate() {
        let listed = cell.into_iter().flat_map(|cell| &cell.top);
        for (place, (token, _)) in listed.enumerate() {
            let here = (place, Reverse(layer));
            let known = best.entry(*token).or_insert(here);
            *known = here.min(*known);
        }
    }
    let mut tokens: Vec<(TokenId, (usize, Reverse<usize>))> = best.into_iter().collect();
    tokens.sort_unstable_by_key(|(token, best)| (*best, *token));
    tokens.into_iter().map(|(token, _)| token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_best_of_the_latest_layers_come_first_and_each_comes_once() {
        let cell = |top: &[u32]| testing::cell_of(1, top);
        let column = Column {
            embedding: Some(cell(&[99])),
            layers: vec![cell(&[7, 5]), cell(&[1, 3]), cell(&[1, 2])].into(),
            ..testing::column(1, &[1])
        };
        let ids: Vec<u32> = suggestions(&column).iter().map(|token| token.0).collect();
        assert_eq!(ids, [1, 7, 2, 3, 5]);
    }
}
