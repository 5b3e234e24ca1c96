//! Jinja's tests: what stands behind `is`.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State, Value};

use super::kind::{Kind, items, kind};
use super::lookup::is_callable;
use super::operators::is;
use super::{refused, strings, text};

/// The names of comparisons, and how Python spells them.
const COMPARISONS: [(&str, &str); 17] = [
    ("==", "=="),
    ("eq", "=="),
    ("equalto", "=="),
    ("!=", "!="),
    ("ne", "!="),
    (">", ">"),
    ("gt", ">"),
    ("greaterthan", ">"),
    (">=", ">="),
    ("ge", ">="),
    ("<", "<"),
    ("lt", "<"),
    ("lessthan", "<"),
    ("<=", "<="),
    ("le", "<="),
    ("in", "in"),
    ("not in", "not in"),
];

pub(super) fn add_to(environment: &mut Environment<'_>) {
    for (name, operator) in COMPARISONS {
        environment.add_test(name, move |state: &State, value: &Value, other: &Value| {
            is(state, operator, value, other)
        });
    }
    for (name, test) in PLAIN {
        environment.add_test(*name, |value: &Value| test(value));
    }
    environment.add_test("odd", |value: &Value| {
        divided(value, 2).map(|rest| rest == 1.0)
    });
    environment.add_test("even", |value: &Value| {
        divided(value, 2).map(|rest| rest == 0.0)
    });
    environment.add_test("divisibleby", |value: &Value, by: &Value| {
        match kind(by).as_int() {
            Some(0) | None => Err(refused("divisibleby needs a number that is not 0")),
            Some(by) => divided(value, by).map(|rest| rest == 0.0),
        }
    });
    environment.add_test("sameas", |value: &Value, other: &Value| {
        let same = std::mem::discriminant(&kind(value)) == std::mem::discriminant(&kind(other));
        same && minijinja::tests::is_sameas(value, other)
    });
    environment.add_test("filter", minijinja::tests::is_filter);
    environment.add_test("test", minijinja::tests::is_test);
    environment.add_test("iterable", |state: &State, value: &Value| {
        match kind(value) {
            Kind::Other => value.kind() == ValueKind::Iterable,
            _ => items(state, value).is_ok(),
        }
    });
    environment.add_test("escaped", |_: &Value, _: Rest<Value>| false);
}

type Test = fn(&Value) -> bool;

const PLAIN: &[(&str, Test)] = &[
    ("defined", |value| !value.is_undefined()),
    ("undefined", |value| value.is_undefined()),
    ("none", |value| value.is_none()),
    ("boolean", |value| matches!(kind(value), Kind::Bool(_))),
    ("true", |value| matches!(kind(value), Kind::Bool(true))),
    ("false", |value| matches!(kind(value), Kind::Bool(false))),
    ("integer", |value| matches!(kind(value), Kind::Int(_))),
    ("float", |value| matches!(kind(value), Kind::Float(_))),
    ("number", |value| kind(value).as_float().is_some()),
    ("string", |value| matches!(kind(value), Kind::Text(_))),
    ("mapping", |value| matches!(kind(value), Kind::Dict(_))),
    ("sequence", |value| {
        let kind = kind(value);
        matches!(
            kind,
            Kind::Undefined | Kind::Text(_) | Kind::List(_) | Kind::Tuple(_) | Kind::Dict(_)
        )
    }),
    ("lower", |value| {
        text::str(value).is_ok_and(|text| strings::is_lower(&text))
    }),
    ("upper", |value| {
        text::str(value).is_ok_and(|text| strings::is_upper(&text))
    }),
    ("callable", is_callable),
];

/// What is left of a number divided by another, rounded down.
fn divided(value: &Value, by: i128) -> Result<f64, Error> {
    match kind(value) {
        Kind::Float(number) => Ok(number - by as f64 * (number / by as f64).floor()),
        other => {
            let number = other
                .as_int()
                .ok_or_else(|| refused("only numbers can be divided"))?;
            let rest = number.checked_rem_euclid(by);
            Ok(rest.unwrap_or(0) as f64)
        }
    }
}
