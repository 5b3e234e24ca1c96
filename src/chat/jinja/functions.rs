//! Jinja's functions, and those that transformers adds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::format::{Item, StrftimeItems};
use chrono::{Local, NaiveDateTime};
use minijinja::value::{Object, ObjectRepr, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::arguments::{Given, number, read, required, text_or};
use super::dict::Dict;
use super::kind::{Kind, items, kind};
use super::{refused, text};

/// Stands before what a template says as it refuses.
pub(super) const SAID: &str = "\u{1}refused\u{1}";

/// Jinja's sandbox makes no longer ones.
const LONGEST_RANGE: i128 = 100_000;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_function("range", |arguments: Rest<ValueOrKwargs>| range(&arguments));
    environment.add_function("dict", |state: &State, arguments: Rest<ValueOrKwargs>| {
        dict(state, &arguments)
    });
    environment.add_function("namespace", minijinja::functions::namespace);
    environment.add_function("raise_exception", |message: &Value| {
        let said = format!("{SAID}{}", text::str(message)?);
        Err::<Value, _>(Error::new(ErrorKind::InvalidOperation, said))
    });
    environment.add_function("strftime_now", |format: &str| {
        now(format, Local::now().naive_local())
    });
    environment.add_function(
        "__generation",
        |state: &mut State, arguments: Rest<ValueOrKwargs>| {
            let [caller] = read("generation", &arguments, ["caller"])?;
            required("generation", caller)?.call(state, &[])
        },
    );
    environment.add_function("joiner", |arguments: Rest<ValueOrKwargs>| {
        let [between] = read("joiner", &arguments, ["sep"])?;
        let between = text_or(between.as_ref(), ", ")?.to_owned();
        Ok(Value::from_object(Joiner {
            between,
            used: AtomicBool::new(false),
        }))
    });
    environment.add_function("cycler", |items: Rest<Value>| match items.is_empty() {
        true => Err(refused("cycler needs at least one item")),
        false => Ok(Value::from_object(Cycler {
            items: items.0,
            at: AtomicUsize::new(0),
        })),
    });
}

fn range(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [first, second, step] = read("range", arguments, ["start", "stop", "step"])?;
    let first = number(Some(&required("range", first)?), 0)?;
    let (start, stop) = match second {
        None => (0, first),
        second => (first, number(second.as_ref(), 0)?),
    };
    let step = number(step.as_ref(), 1)?;
    let distance = match step {
        0 => return Err(refused("range cannot have steps of 0")),
        1.. => stop.checked_sub(start),
        _ => start.checked_sub(stop),
    };
    let distance = distance.ok_or_else(|| refused("range is too long"))?;
    let length = match distance.max(0).checked_add(step.abs() - 1) {
        Some(reach) => reach / step.abs(),
        None => return Err(refused("range is too long")),
    };
    if length > LONGEST_RANGE {
        return Err(refused(format!(
            "range is too long: at most {LONGEST_RANGE} numbers are made"
        )));
    }
    let numbers = (0..length).map(|at| super::kind::int(start + at * step));
    Ok(Value::from(numbers.collect::<Vec<_>>()))
}

fn dict(state: &State<'_, '_>, arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let given = Given::new(arguments)?;
    let mut entries = match given.by_place.as_slice() {
        [] => Vec::new(),
        [only] => match kind(only) {
            Kind::Dict(dict) => dict.entries().to_vec(),
            _ => {
                let mut entries = Vec::new();
                for pair in items(state, only)? {
                    match kind(&pair) {
                        Kind::Tuple([key, value]) | Kind::List([key, value]) => {
                            entries.push((key.clone(), value.clone()));
                        }
                        _ => return Err(refused("dict needs pairs")),
                    }
                }
                entries
            }
        },
        _ => return Err(refused("dict takes one argument by place")),
    };
    let named = given.by_name.into_iter();
    entries.extend(named.map(|(name, value)| (Value::from(name), value)));
    Dict::new(entries).map(Value::from_object)
}

/// `strftime_now` at a moment: as C has it, a time without a zone.
fn now(format: &str, moment: NaiveDateTime) -> Result<String, Error> {
    let format = format.replace("%Z", "").replace("%z", "");
    if StrftimeItems::new(&format).any(|item| matches!(item, Item::Error)) {
        return Err(refused(format!(
            "strftime_now does not know the format {format:?}"
        )));
    }
    let mut text = String::new();
    fmt::write(&mut text, format_args!("{}", moment.format(&format)))
        .map_err(|_| refused(format!("strftime_now does not know the format {format:?}")))?;
    Ok(text)
}

/// Gives nothing the first time, and then what stands between.
#[derive(Debug)]
struct Joiner {
    between: String,
    used: AtomicBool,
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        let [] = read("joiner", arguments, [])?;
        Ok(match self.used.swap(true, Ordering::Relaxed) {
            true => Value::from(self.between.as_str()),
            false => Value::from(""),
        })
    }
}

/// Gives its items by turns.
#[derive(Debug)]
struct Cycler {
    items: Vec<Value>,
    at: AtomicUsize,
}

impl Cycler {
    fn item(&self, at: usize) -> Value {
        let at = at % self.items.len().max(1);
        self.items.get(at).cloned().unwrap_or_default()
    }
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = self.at.load(Ordering::Relaxed);
        (key.as_str() == Some("current")).then(|| self.item(at))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let [] = read("cycler", arguments, [])?;
        match name {
            "next" => Ok(self.item(self.at.fetch_add(1, Ordering::Relaxed))),
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_time_is_told_as_asked() {
        let moment = chrono::NaiveDate::from_ymd_opt(2024, 3, 7).unwrap();
        let moment = moment.and_hms_opt(9, 5, 2).unwrap();
        for (format, told) in [
            ("%d %b %Y", "07 Mar 2024"),
            ("%Y-%m-%d", "2024-03-07"),
            ("%B %-d, %A %H:%M:%S", "March 7, Thursday 09:05:02"),
            ("100%%%Z", "100%"),
        ] {
            assert_eq!(now(format, moment).unwrap(), told);
        }
        assert!(now("%Q", moment).is_err());
    }
}
