//! Filters of sequences and dicts.

use std::cmp::Ordering;

use minijinja::value::{Rest, Tuple, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::super::arguments::{flag, number, read, required, text_or, unless_none};
use super::super::dict::hashable;
use super::super::dumps;
use super::super::kind::{Budget, Kind, items, kind, named};
use super::super::lookup::{attribute, item as item_of};
use super::super::operators::{compare, equal};
use super::super::{refused, strings, text};
use super::choice::once;
use super::{Getter, folded};

pub(super) fn add_to(environment: &mut Environment<'_>) {
    for name in ["default", "d"] {
        environment.add_filter(name, |arguments: Rest<ValueOrKwargs>| default(&arguments));
    }
    environment.add_filter("tojson", |arguments: Rest<ValueOrKwargs>| {
        dumps::tojson(&arguments)
    });
    environment.add_filter("attr", |value: &Value, name: &str| match kind(value) {
        Kind::Dict(_) => {
            let found = attribute(value, name)?;
            Ok(
                if item_of(value, &Value::from(name)).is_ok_and(|item| item == found) {
                    Value::UNDEFINED
                } else {
                    found
                },
            )
        }
        _ => attribute(value, name),
    });
    environment.add_filter("list", |state: &State, value: &Value| {
        items(state, value).map(Value::from)
    });
    environment.add_filter("first", first);
    environment.add_filter("last", |state: &State, value: &Value| match kind(value) {
        Kind::Other => Err(refused("last needs a list; put list before it")),
        _ => Ok(items(state, value)?.pop().unwrap_or_default()),
    });
    environment.add_filter("reverse", |state: &State, value: &Value| {
        match kind(value) {
            Kind::Text(text) => Ok(Value::from(text.chars().rev().collect::<String>())),
            _ => {
                let mut items = items(state, value)?;
                items.reverse();
                Ok(once(items))
            }
        }
    });
    environment.add_filter("items", |value: &Value| match kind(value) {
        Kind::Undefined => Ok(once(Vec::new())),
        Kind::Dict(dict) => Ok(once(
            dict.entries().iter().cloned().map(Value::from).collect(),
        )),
        _ => Err(refused(format!("{} has no items", named(value)))),
    });
    environment.add_filter("join", join);
    environment.add_filter("dictsort", dictsort);
    environment.add_filter("sort", sort);
    environment.add_filter("unique", unique);
    environment.add_filter("groupby", groupby);
    environment.add_filter("min", |state: &State, arguments: Rest<ValueOrKwargs>| {
        extreme(state, &arguments, Ordering::Less)
    });
    environment.add_filter("max", |state: &State, arguments: Rest<ValueOrKwargs>| {
        extreme(state, &arguments, Ordering::Greater)
    });
    environment.add_filter("batch", batch);
    environment.add_filter("slice", slice);
}

fn default(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [value, instead, falsy] =
        read("default", arguments, ["value", "default_value", "boolean"])?;
    let value = required("default", value)?;
    let is_taken = value.is_undefined() || flag(falsy.as_ref()) && !value.is_true();
    Ok(if is_taken {
        instead.unwrap_or(Value::from(""))
    } else {
        value
    })
}

fn first(state: &State, value: &Value) -> Result<Value, Error> {
    match kind(value) {
        // The rest stays to be gone through.
        Kind::Other => Ok(value.try_iter()?.next().unwrap_or_default()),
        _ => Ok(items(state, value)?.into_iter().next().unwrap_or_default()),
    }
}

fn join(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let [value, between, attribute] = read("join", &arguments, ["value", "d", "attribute"])?;
    let between = between.map_or(Ok(String::new()), |between| text::str(&between))?;
    let getter = Getter::new(attribute.as_ref(), None);
    let mut joined = String::new();
    for (at, item) in items(state, &required("join", value)?)?.iter().enumerate() {
        if at > 0 {
            joined.push_str(&between);
        }
        joined.push_str(&text::str(&getter.get(item)?)?);
        if joined.len() > text::MOST {
            return Err(ErrorKind::OutOfFuel.into());
        }
    }
    Ok(Value::from(joined))
}

/// Items by their keys, in the order of the keys.
fn sorted(
    state: &State,
    mut keyed: Vec<(Value, Value)>,
    reverse: bool,
) -> Result<Vec<(Value, Value)>, Error> {
    let budget = Budget::default();
    let mut failed = None;
    let mut order = |a: &Value, b: &Value| {
        compare(a, b, &budget).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Ordering::Equal
        })
    };
    keyed.sort_by(|(a, _), (b, _)| if reverse { order(b, a) } else { order(a, b) });
    budget.settle(state)?;
    failed.map_or(Ok(keyed), Err)
}

fn values(keyed: Vec<(Value, Value)>) -> Vec<Value> {
    keyed.into_iter().map(|(_, value)| value).collect()
}

fn dictsort(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let parameters = ["value", "case_sensitive", "by", "reverse"];
    let [value, sensitive, by, reverse] = read("dictsort", &arguments, parameters)?;
    let value = required("dictsort", value)?;
    let Kind::Dict(dict) = kind(&value) else {
        return Err(refused(format!("{} is no dict to sort", named(&value))));
    };
    let by_value = match text_or(by.as_ref(), "key")? {
        "key" => false,
        "value" => true,
        _ => return Err(refused("dictsort sorts by key or by value")),
    };
    let keyed = dict.entries().iter().map(|(key, value)| {
        let by = if by_value { value } else { key };
        let pair = Value::from((key.clone(), value.clone()));
        (folded(by.clone(), flag(sensitive.as_ref())), pair)
    });
    let sorted = sorted(state, keyed.collect(), flag(reverse.as_ref()))?;
    Ok(Value::from(values(sorted)))
}

fn sort(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let parameters = ["value", "reverse", "case_sensitive", "attribute"];
    let [value, reverse, sensitive, attribute] = read("sort", &arguments, parameters)?;
    let attribute = unless_none(attribute);
    let getters: Vec<Getter> = match attribute.as_ref().map(kind) {
        Some(Kind::Text(paths)) => {
            let paths = paths.split(',').map(Value::from);
            paths.map(|path| Getter::new(Some(&path), None)).collect()
        }
        _ => vec![Getter::new(attribute.as_ref(), None)],
    };
    let mut keyed = Vec::new();
    for item in items(state, &required("sort", value)?)? {
        let keys = getters.iter().map(|getter| getter.get(&item));
        let keys = keys.map(|key| Ok(folded(key?, flag(sensitive.as_ref()))));
        let keys: Result<Vec<_>, Error> = keys.collect();
        keyed.push((Value::from(keys?), item));
    }
    Ok(Value::from(values(sorted(
        state,
        keyed,
        flag(reverse.as_ref()),
    )?)))
}

fn unique(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let parameters = ["value", "case_sensitive", "attribute"];
    let [value, sensitive, attribute] = read("unique", &arguments, parameters)?;
    let getter = Getter::new(attribute.as_ref(), None);
    let mut seen: Vec<Value> = Vec::new();
    let mut unique = Vec::new();
    let budget = Budget::default();
    for item in items(state, &required("unique", value)?)? {
        let key = folded(getter.get(&item)?, flag(sensitive.as_ref()));
        hashable(&key)?;
        let mut is_new = true;
        for other in &seen {
            is_new &= !equal(other, &key, &budget)?;
        }
        if is_new {
            seen.push(key);
            unique.push(item);
        }
    }
    budget.settle(state)?;
    Ok(once(unique))
}

fn groupby(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let parameters = ["value", "attribute", "default", "case_sensitive"];
    let [value, attribute, default, sensitive] = read("groupby", &arguments, parameters)?;
    let attribute = required("groupby", attribute)?;
    let getter = Getter::new(Some(&attribute), default);
    let mut keyed = Vec::new();
    for item in items(state, &required("groupby", value)?)? {
        keyed.push((folded(getter.get(&item)?, flag(sensitive.as_ref())), item));
    }
    let budget = Budget::default();
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in sorted(state, keyed, false)? {
        match groups.last_mut() {
            Some((last, group)) if equal(last, &key, &budget)? => group.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut named = Vec::with_capacity(groups.len());
    for (_, group) in groups {
        let name = group
            .first()
            .map_or(Ok(Value::UNDEFINED), |first| getter.get(first))?;
        named.push(Value::from(Tuple::from([name, Value::from(group)])));
    }
    Ok(Value::from(named))
}

fn extreme(state: &State, arguments: &[ValueOrKwargs], wanted: Ordering) -> Result<Value, Error> {
    let parameters = ["value", "case_sensitive", "attribute"];
    let [value, sensitive, attribute] = read("min and max", arguments, parameters)?;
    let getter = Getter::new(attribute.as_ref(), None);
    let budget = Budget::default();
    let mut best: Option<(Value, Value)> = None;
    for item in items(state, &required("min and max", value)?)? {
        let key = folded(getter.get(&item)?, flag(sensitive.as_ref()));
        let is_better = match &best {
            None => true,
            Some((best, _)) => compare(&key, best, &budget)? == wanted,
        };
        if is_better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |(_, item)| item))
}

fn size(value: Option<Value>) -> Result<usize, Error> {
    let size = number(value.as_ref(), 0)?;
    let size = usize::try_from(size)
        .ok()
        .filter(|size| (1..=100_000).contains(size));
    size.ok_or_else(|| refused("a sequence cannot be cut into parts of that size"))
}

fn batch(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let [value, count, fill] = read("batch", &arguments, ["value", "linecount", "fill_with"])?;
    let count = size(count)?;
    let items = items(state, &required("batch", value)?)?;
    let mut lines: Vec<Vec<Value>> = items.chunks(count).map(<[Value]>::to_vec).collect();
    if let (Some(fill), Some(last)) = (unless_none(fill), lines.last_mut()) {
        last.resize(count, fill);
    }
    Ok(once(lines.into_iter().map(Value::from).collect()))
}

fn slice(state: &State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let [value, count, fill] = read("slice", &arguments, ["value", "slices", "fill_with"])?;
    let count = size(count)?;
    let items = items(state, &required("slice", value)?)?;
    let (each, longer) = (items.len() / count, items.len() % count);
    let fill = unless_none(fill);
    let mut rest = items.as_slice();
    let mut slices = Vec::with_capacity(count);
    for at in 0..count {
        let (part, behind) = rest.split_at(each + usize::from(at < longer));
        let mut part = part.to_vec();
        if let Some(fill) = fill.as_ref().filter(|_| at >= longer && longer > 0) {
            part.push(fill.clone());
        }
        slices.push(Value::from(part));
        rest = behind;
    }
    Ok(once(slices))
}

/// A text's lines without what ends them.
pub(super) fn plain_lines(text: &str) -> Vec<&str> {
    strings::lines(text)
        .into_iter()
        .map(|(line, _)| line)
        .collect()
}
