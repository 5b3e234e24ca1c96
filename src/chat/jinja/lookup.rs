//! Python's attributes, items and slices, as Jinja's sandbox allows them.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Tuple};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::arguments::{read, required};
use super::dict::{CHANGING as DICT_CHANGING, METHODS as DICT_METHODS};
use super::kind::{Budget, Kind, int, items, kind, named};
use super::meaning::name;
use super::operators::equal;
use super::{refused, strings};

/// The methods of a list or tuple that a template may call.
const LIST_METHODS: [&str; 3] = ["copy", "count", "index"];

/// Those that would change a list.
const LIST_CHANGING: [&str; 8] = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
];

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter(name::ATTRIBUTE, |value: &Value, name: &str| {
        attribute(value, name)
    });
    environment.add_filter(name::ITEM, |state: &State, value: &Value, key: &Value| {
        charge(state, value)?;
        item(value, key)
    });
    environment.add_filter(
        name::SLICE,
        |state: &State, value: &Value, start: &Value, stop: &Value, step: &Value| {
            charge(state, value)?;
            slice(value, start, stop, step)
        },
    );
    environment.add_filter(
        name::EACH,
        |state: &State, value: &Value, is_unpacked: bool| {
            let mut items = items(state, value)?;
            for item in items
                .iter_mut()
                .filter(|item| is_unpacked && item.as_str().is_some())
            {
                *item = Value::from(self::items(state, item)?);
            }
            Ok::<_, Error>(Value::from(items))
        },
    );
}

/// Takes fuel for going through a text, whose characters have no places of their own.
fn charge(state: &State, value: &Value) -> Result<(), Error> {
    let bytes = value
        .as_str()
        .filter(|text| !text.is_ascii())
        .map_or(0, str::len);
    state.consume_fuel(bytes as u64 / 16)
}

/// `value.name`: a method, or else the item of that name.
pub(super) fn attribute(value: &Value, name: &str) -> Result<Value, Error> {
    let own = method_of(value, name);
    match (own, kind(value)) {
        (Some(method), _) => Ok(method),
        (None, Kind::Undefined) => {
            Err(refused(format!("{name:?} is asked of something undefined")))
        }
        (None, Kind::Dict(dict)) => Ok(dict.get(&Value::from(name)).cloned().unwrap_or_default()),
        (None, Kind::Other) => Ok(value.get_attr(name).unwrap_or_default()),
        (None, _) => Ok(Value::UNDEFINED),
    }
}

/// `value[key]`: the item, or else the method of that name.
pub(super) fn item(value: &Value, key: &Value) -> Result<Value, Error> {
    let at = |length: usize| {
        let at = kind(key).as_int()?;
        let at = if at < 0 {
            at.checked_add(length as i128)?
        } else {
            at
        };
        usize::try_from(at).ok()
    };
    let found = match kind(value) {
        Kind::Undefined => return Err(refused("an item is asked of something undefined")),
        Kind::Dict(dict) => dict.get(key).cloned(),
        Kind::List(items) | Kind::Tuple(items) => {
            at(items.len()).and_then(|at| items.get(at)).cloned()
        }
        Kind::Text(text) if text.is_ascii() => {
            let character = at(text.len()).and_then(|at| text.get(at..=at));
            character.map(Value::from)
        }
        Kind::Text(text) => {
            let length = text.chars().count();
            let character = at(length).and_then(|at| text.chars().nth(at));
            character.map(|character| Value::from(character.to_string()))
        }
        _ => None,
    };
    match (found, key.as_str()) {
        (Some(found), _) => Ok(found),
        (None, Some(name)) => match method_of(value, name) {
            Some(method) => Ok(method),
            None if matches!(kind(value), Kind::Other) => {
                Ok(value.get_attr(name).unwrap_or_default())
            }
            None => Ok(Value::UNDEFINED),
        },
        (None, None) => Ok(Value::UNDEFINED),
    }
}

/// `value[start:stop:step]`.
fn slice(value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value, Error> {
    let bound = |bound: &Value| match kind(bound) {
        Kind::None => Ok(None),
        other => match other.as_int() {
            Some(number) => Ok(Some(number)),
            None => Err(refused(format!("{} cannot bound a slice", named(bound)))),
        },
    };
    let bounds = (bound(start), bound(stop), bound(step));
    let (Ok(start), Ok(stop), Ok(step)) = bounds else {
        return Ok(Value::UNDEFINED);
    };
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(refused("a slice cannot have steps of 0"));
    }
    Ok(match kind(value) {
        Kind::Undefined => return Err(refused("a part is asked of something undefined")),
        Kind::Text(text) => {
            let characters: Vec<char> = text.chars().collect();
            let places = places(characters.len(), start, stop, step);
            Value::from(
                places
                    .filter_map(|at| characters.get(at))
                    .collect::<String>(),
            )
        }
        Kind::List(items) => {
            let places = places(items.len(), start, stop, step);
            Value::from(
                places
                    .filter_map(|at| items.get(at).cloned())
                    .collect::<Vec<_>>(),
            )
        }
        Kind::Tuple(items) => {
            let places = places(items.len(), start, stop, step);
            let part: Vec<_> = places.filter_map(|at| items.get(at).cloned()).collect();
            Value::from(Tuple::new(part))
        }
        _ => Value::UNDEFINED,
    })
}

/// The places that a slice of something of this length takes, in their order.
fn places(
    length: usize,
    start: Option<i128>,
    stop: Option<i128>,
    step: i128,
) -> impl Iterator<Item = usize> {
    let length = length as i128;
    let (low, high) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let inside = |bound: i128| {
        let from_start = if bound < 0 {
            bound.saturating_add(length)
        } else {
            bound
        };
        from_start.clamp(low, high)
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let mut at = start.map_or(first, inside);
    let stop = stop.map_or(last, inside);
    std::iter::from_fn(move || {
        let is_there = if step > 0 { at < stop } else { at > stop };
        let place = usize::try_from(at).ok().filter(|_| is_there)?;
        at = at.saturating_add(step);
        Some(place)
    })
}

/// A method that was looked up and not yet called.
#[derive(Debug)]
struct Method {
    of: Value,
    name: String,
}

impl Object for Method {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        self.of.call_method(state, &self.name, arguments)
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<method {}>", self.name)
    }
}

/// Whether a value can be called.
pub(super) fn is_callable(value: &Value) -> bool {
    matches!(kind(value), Kind::Other) && {
        value.downcast_object_ref::<Method>().is_some()
            || value.kind() == minijinja::value::ValueKind::Plain
            || value
                .get_attr("caller")
                .is_ok_and(|caller| !caller.is_undefined())
    }
}

/// The method `name` of a value, if its type has one; something undefined where it would change the
/// value, which the sandbox does not allow.
fn method_of(value: &Value, name: &str) -> Option<Value> {
    let methods: &[&str] = match kind(value) {
        Kind::Text(_) => &strings::METHODS,
        Kind::List(_) | Kind::Tuple(_) => &LIST_METHODS,
        Kind::Dict(_) => &DICT_METHODS,
        _ => return None,
    };
    if methods.contains(&name) {
        let method = Method {
            of: value.clone(),
            name: name.to_owned(),
        };
        return Some(Value::from_object(method));
    }
    let changing: &[&str] = match kind(value) {
        Kind::List(_) => &LIST_CHANGING,
        Kind::Dict(_) => &DICT_CHANGING,
        _ => &[],
    };
    changing.contains(&name).then_some(Value::UNDEFINED)
}

/// Calls a method of a value that is no object of our own.
pub(super) fn method(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    match kind(value) {
        Kind::Text(text) => strings::method(state, text, name, arguments),
        Kind::List(items) => list_method(items, name, arguments, Value::from),
        Kind::Tuple(items) => list_method(items, name, arguments, |items| {
            Value::from(Tuple::new(items))
        }),
        Kind::Float(number) if name == "is_integer" => Ok(Value::from(number.fract() == 0.0)),
        Kind::Undefined => Err(refused(format!(
            "{name:?} is called on something undefined"
        ))),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn list_method(
    items: &[Value],
    name: &str,
    arguments: &[Value],
    made: impl Fn(Vec<Value>) -> Value,
) -> Result<Value, Error> {
    let budget = Budget::default();
    let places = |wanted: &Value| {
        let mut places = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if equal(item, wanted, &budget)? {
                places.push(at);
            }
        }
        Ok::<_, Error>(places)
    };
    match name {
        "count" => {
            let [wanted] = read("count", arguments, ["value"])?;
            Ok(int(places(&required("count", wanted)?)?.len() as i128))
        }
        "index" => {
            let [wanted] = read("index", arguments, ["value"])?;
            let places = places(&required("index", wanted)?)?;
            let first = places
                .first()
                .ok_or_else(|| refused("index does not find the value"))?;
            Ok(int(*first as i128))
        }
        "copy" => read("copy", arguments, []).map(|[]| made(items.to_vec())),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}
