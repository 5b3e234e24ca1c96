//! Tensor names, those that differ by numbers only folded into one: `layers.{0..29}.norm.weight`.

use std::collections::{BTreeMap, BTreeSet};

/// Stands for a number of a name.
const NUMBER: &str = "{}";

/// The names, folded, in alphabetical order. Names are folded only where the folded name stands
/// for exactly those that are there.
pub fn folded<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut alike: BTreeMap<String, Vec<Vec<u64>>> = BTreeMap::new();
    for name in names {
        let (pattern, numbers) = without_numbers(name);
        alike.entry(pattern).or_default().push(numbers);
    }
    let folded = alike.iter().flat_map(|(pattern, all)| fold(pattern, all));
    folded.collect()
}

/// The name with its numbers replaced, and the numbers. A number stands between two dots.
fn without_numbers(name: &str) -> (String, Vec<u64>) {
    let mut numbers = Vec::new();
    let parts: Vec<&str> = name
        .split('.')
        .map(|part| match part.parse() {
            Ok(number) if part == format!("{number}") => {
                numbers.push(number);
                NUMBER
            }
            _ => part,
        })
        .collect();
    (parts.join("."), numbers)
}

fn fold(pattern: &str, all: &[Vec<u64>]) -> Vec<String> {
    let places = all.first().map_or(0, Vec::len);
    let at = |place: usize| -> BTreeSet<u64> {
        all.iter()
            .filter_map(|numbers| numbers.get(place).copied())
            .collect()
    };
    let sets: Vec<BTreeSet<u64>> = (0..places).map(at).collect();
    let combinations: usize = sets.iter().map(BTreeSet::len).product();
    if combinations == all.len() {
        return vec![filled(pattern, &sets)];
    }
    // Not every expert is in every layer: fold the layers of each expert.
    let mut by_rest: BTreeMap<&[u64], BTreeSet<u64>> = BTreeMap::new();
    for numbers in all {
        if let Some((first, rest)) = numbers.split_first() {
            by_rest.entry(rest).or_default().insert(*first);
        }
    }
    let rows = by_rest.into_iter().map(|(rest, firsts)| {
        let rest = rest.iter().map(|number| BTreeSet::from([*number]));
        let sets: Vec<BTreeSet<u64>> = std::iter::once(firsts).chain(rest).collect();
        filled(pattern, &sets)
    });
    rows.collect()
}

fn filled(pattern: &str, sets: &[BTreeSet<u64>]) -> String {
    sets.iter().fold(pattern.to_owned(), |name, set| {
        name.replacen(NUMBER, &in_words(set), 1)
    })
}

/// `7`, or `{0..3,5}`; both ends of a range are in it.
fn in_words(set: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in set {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    if let [(first, last)] = ranges.as_slice()
        && first == last
    {
        return first.to_string();
    }
    let ranges: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}..{last}"),
        })
        .collect();
    format!("{{{}}}", ranges.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_layers_are_one() {
        let names = ["h.0.ln.weight", "h.1.ln.weight", "h.2.ln.weight", "wte"];
        assert_eq!(folded(names), ["h.{0..2}.ln.weight", "wte"]);
    }

    #[test]
    fn a_single_one_and_one_with_gaps_are_told() {
        assert_eq!(folded(["h.7.ln"]), ["h.7.ln"]);
        let names = ["h.0.ln", "h.1.ln", "h.3.ln", "h.10.ln"];
        assert_eq!(folded(names), ["h.{0..1,3,10}.ln"]);
    }

    #[test]
    fn experts_are_folded_with_their_layers_only_where_all_are_there() {
        let names = ["l.0.e.0.w", "l.0.e.1.w", "l.1.e.0.w", "l.1.e.1.w"];
        assert_eq!(folded(names), ["l.{0..1}.e.{0..1}.w"]);
        assert_eq!(folded(names[..3].to_vec()), ["l.{0..1}.e.0.w", "l.0.e.1.w"]);
    }

    #[test]
    fn digits_that_are_no_number_of_their_own_stay() {
        assert_eq!(
            folded(["a.w1.00.x", "a.w2.00.x"]),
            ["a.w1.00.x", "a.w2.00.x"]
        );
    }
}
