//! What a value is in Python.

use std::cell::Cell;

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::dict::{Dict, View};
use super::refused;

/// A value as Python sees it.
#[derive(Clone, Copy)]
pub(super) enum Kind<'v> {
    Undefined,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'v str),
    List(&'v [Value]),
    Tuple(&'v [Value]),
    Dict(&'v Dict),
    View(&'v View),
    /// Iterators, macros, functions, namespaces.
    Other,
}

pub(super) fn kind(value: &Value) -> Kind<'_> {
    match value.kind() {
        ValueKind::Undefined => Kind::Undefined,
        ValueKind::None => Kind::None,
        ValueKind::Bool => Kind::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            i128::try_from(value.clone()).map_or(Kind::Other, Kind::Int)
        }
        ValueKind::Number => f64::try_from(value.clone()).map_or(Kind::Other, Kind::Float),
        ValueKind::String => value.as_str().map_or(Kind::Other, Kind::Text),
        _ => of_object(value),
    }
}

fn of_object(value: &Value) -> Kind<'_> {
    if let Some(list) = value.downcast_object_ref::<Vec<Value>>() {
        Kind::List(list)
    } else if let Some(tuple) = value.downcast_object_ref::<Tuple>() {
        Kind::Tuple(tuple)
    } else if let Some(dict) = value.downcast_object_ref::<Dict>() {
        Kind::Dict(dict)
    } else if let Some(view) = value.downcast_object_ref::<View>() {
        Kind::View(view)
    } else {
        Kind::Other
    }
}

impl Kind<'_> {
    /// The number that it is in arithmetic: a flag counts as 0 or 1.
    pub(super) fn as_int(self) -> Option<i128> {
        match self {
            Self::Bool(flag) => Some(flag.into()),
            Self::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The same as a float.
    pub(super) fn as_float(self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(number),
            other => other.as_int().map(|number| number as f64),
        }
    }
}

/// A whole number as a value.
pub(super) fn int(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::from(number), Value::from)
}

/// How many values one operation may look at: a value may hold another many times over, and so be
/// far larger than what it takes in memory.
#[derive(Default)]
pub(super) struct Budget {
    spent: Cell<u32>,
}

impl Budget {
    /// What one operation may look at.
    const MOST: u32 = 2_000_000;

    pub(super) fn spend(&self) -> Result<(), Error> {
        self.spent.set(self.spent.get() + 1);
        match self.spent.get() > Self::MOST {
            true => Err(ErrorKind::OutOfFuel.into()),
            false => Ok(()),
        }
    }

    /// Takes the fuel for what was looked at.
    pub(super) fn settle(&self, state: &State) -> Result<(), Error> {
        state.consume_fuel(u64::from(self.spent.get()) / 4)
    }
}

/// The items that Python's `iter` gives.
pub(super) fn items(state: &State, value: &Value) -> Result<Vec<Value>, Error> {
    let items: Vec<Value> = match kind(value) {
        Kind::Undefined => Vec::new(),
        Kind::Text(text) => text.chars().map(|c| Value::from(c.to_string())).collect(),
        Kind::List(items) | Kind::Tuple(items) => items.to_vec(),
        Kind::Dict(dict) => dict.entries().iter().map(|(key, _)| key.clone()).collect(),
        Kind::View(view) => view.items.clone(),
        Kind::Other if value.kind() == ValueKind::Iterable => value.try_iter()?.collect(),
        _ => return Err(refused(format!("{} cannot be iterated over", named(value)))),
    };
    state.consume_fuel(items.len() as u64)?;
    Ok(items)
}

/// What Python's `len` gives.
pub(super) fn length(value: &Value) -> Result<usize, Error> {
    match kind(value) {
        Kind::Undefined => Ok(0),
        Kind::Text(text) => Ok(text.chars().count()),
        Kind::List(items) | Kind::Tuple(items) => Ok(items.len()),
        Kind::Dict(dict) => Ok(dict.entries().len()),
        Kind::View(view) => Ok(view.items.len()),
        _ => Err(refused(format!("{} has no length", named(value)))),
    }
}

/// What a value is, for an error.
pub(super) fn named(value: &Value) -> &'static str {
    match kind(value) {
        Kind::Undefined => "something undefined",
        Kind::None => "none",
        Kind::Bool(_) => "a flag",
        Kind::Int(_) | Kind::Float(_) => "a number",
        Kind::Text(_) => "a text",
        Kind::List(_) => "a list",
        Kind::Tuple(_) => "a tuple",
        Kind::Dict(_) => "a dict",
        Kind::View(_) | Kind::Other => "this",
    }
}
