//! Filters that go through a sequence with another filter or a test.

use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value};

use super::super::arguments::Given;
use super::super::kind::items;
use super::super::refused;
use super::Getter;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("map", map);
    for (name, wanted, by_attribute) in [
        ("select", true, false),
        ("reject", false, false),
        ("selectattr", true, true),
        ("rejectattr", false, true),
    ] {
        environment.add_filter(
            name,
            move |state: &mut State, value: Value, arguments: Rest<ValueOrKwargs>| {
                chosen(state, &value, Given::new(&arguments)?, wanted, by_attribute)
            },
        );
    }
}

/// A sequence that can be gone through once, and has no length.
pub(super) fn once(items: Vec<Value>) -> Value {
    Value::make_one_shot_iterator(items.into_iter())
}

fn map(state: &mut State, value: Value, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let mut given = Given::new(&arguments)?;
    if !value.is_true() {
        return Ok(once(Vec::new()));
    }
    let sequence = items(state, &value)?;
    let named = |given: &Given, name: &str| {
        let found = given.by_name.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    };
    if let Some(attribute) = named(&given, "attribute").filter(|_| given.by_place.is_empty()) {
        let known = |(name, _): &(String, Value)| ["attribute", "default"].contains(&name.as_str());
        if !given.by_name.iter().all(known) {
            return Err(refused("map takes only attribute and default by name"));
        }
        let getter = Getter::new(Some(&attribute), named(&given, "default"));
        let mapped: Result<_, _> = sequence.iter().map(|item| getter.get(item)).collect();
        return mapped.map(once);
    }
    if given.by_place.is_empty() {
        return Err(refused("map needs the name of a filter"));
    }
    let filter = given.by_place.remove(0);
    let filter = filter
        .as_str()
        .ok_or_else(|| refused("map needs the name of a filter"))?;
    let behind = behind(given);
    let mut mapped = Vec::with_capacity(sequence.len());
    for item in sequence {
        state.consume_fuel(1)?;
        let arguments = [&[item], behind.as_slice()].concat();
        mapped.push(state.apply_filter(filter, &arguments)?);
    }
    Ok(once(mapped))
}

/// Arguments behind the first, as they are passed on.
fn behind(given: Given) -> Vec<Value> {
    let mut behind = given.by_place;
    if !given.by_name.is_empty() {
        behind.push(Kwargs::from_iter(given.by_name).into());
    }
    behind
}

fn chosen(
    state: &mut State,
    value: &Value,
    mut given: Given,
    wanted: bool,
    by_attribute: bool,
) -> Result<Value, Error> {
    if !value.is_true() {
        return Ok(once(Vec::new()));
    }
    let sequence = items(state, value)?;
    let getter = match by_attribute {
        false => Getter::new(None, None),
        true if given.by_place.is_empty() => {
            return Err(refused("it needs the name of an attribute"));
        }
        true => Getter::new(Some(&given.by_place.remove(0)), None),
    };
    let test = match given.by_place.is_empty() {
        true => None,
        false => Some(given.by_place.remove(0)),
    };
    let behind = behind(given);
    let mut chosen = Vec::new();
    for item in sequence {
        state.consume_fuel(1)?;
        let looked_at = getter.get(&item)?;
        let is = match &test {
            None => looked_at.is_true(),
            Some(test) => {
                let test = test
                    .as_str()
                    .ok_or_else(|| refused("it needs the name of a test"))?;
                state.perform_test(test, &[&[looked_at], behind.as_slice()].concat())?
            }
        };
        if is == wanted {
            chosen.push(item);
        }
    }
    Ok(once(chosen))
}
