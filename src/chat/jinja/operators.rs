//! Python's operators.

use std::cmp::Ordering;

use minijinja::value::{Rest, Tuple};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::dict::{Dict, hashable};
use super::kind::{Budget, Kind, int, items, kind, named};
use super::meaning::name;
use super::text::{self, DEEPEST, MOST};
use super::{refused, strings};

/// The most items of a list that an operator makes.
const MOST_ITEMS: usize = 1 << 20;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter(name::PRINT, |value: &Value| text::str(value));
    environment.add_filter(name::SHOWN, |value: &Value| text::repr(value));
    environment.add_filter(name::CONCATENATE, |left: &Value, right: &Value| {
        joined(text::str(left)?, &text::str(right)?)
    });
    environment.add_filter(name::ADD, add);
    environment.add_filter(name::SUBTRACT, |left: &Value, right: &Value| {
        numbers("-", left, right, i128::checked_sub, |a, b| Ok(a - b))
    });
    environment.add_filter(name::MULTIPLY, multiply);
    environment.add_filter(name::DIVIDE, divide);
    environment.add_filter(name::FLOOR, |left: &Value, right: &Value| {
        let whole = |a: i128, b: i128| Some(floor(a, b)?.0);
        numbers("//", left, right, whole, |a, b| Ok(float_floor(a, b)?.0))
    });
    environment.add_filter(name::REMAINDER, remainder);
    environment.add_filter(name::POWER, power);
    environment.add_filter(name::NEGATIVE, |value: &Value| match kind(value) {
        Kind::Float(number) => Ok(Value::from(-number)),
        other => {
            let negative = other.as_int().and_then(i128::checked_neg);
            negative
                .map(int)
                .ok_or_else(|| refused(format!("{} has no negative", named(value))))
        }
    });
    environment.add_filter(name::COMPARE, chain);
    environment.add_filter(name::DICT, |_: &Value, flat: Rest<Value>| {
        let pairs = flat.chunks_exact(2);
        let pairs = pairs.map(|pair| (pair[0].clone(), pair[1].clone()));
        Dict::new(pairs).map(Value::from_object)
    });
}

fn joined(mut left: String, right: &str) -> Result<Value, Error> {
    if left.len() + right.len() > MOST {
        return Err(ErrorKind::OutOfFuel.into());
    }
    left.push_str(right);
    Ok(Value::from(left))
}

fn unsupported(operator: &str, left: &Value, right: &Value) -> Error {
    refused(format!(
        "{} {operator} {} means nothing",
        named(left),
        named(right)
    ))
}

fn numbers(
    operator: &str,
    left: &Value,
    right: &Value,
    whole: impl Fn(i128, i128) -> Option<i128>,
    float: impl Fn(f64, f64) -> Result<f64, Error>,
) -> Result<Value, Error> {
    let (a, b) = (kind(left), kind(right));
    if let (Some(a), Some(b)) = (a.as_int(), b.as_int()) {
        let result =
            whole(a, b).ok_or_else(|| refused(format!("{a} {operator} {b} has no result")))?;
        return Ok(int(result));
    }
    match (a.as_float(), b.as_float()) {
        (Some(a), Some(b)) => float(a, b).map(Value::from),
        _ => Err(unsupported(operator, left, right)),
    }
}

fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    let both = |a: &[Value], b: &[Value]| match a.len() + b.len() > MOST_ITEMS {
        true => Err(Error::from(ErrorKind::OutOfFuel)),
        false => Ok([a, b].concat()),
    };
    match (kind(left), kind(right)) {
        (Kind::Text(a), Kind::Text(b)) => joined(a.to_owned(), b),
        (Kind::List(a), Kind::List(b)) => both(a, b).map(Value::from),
        (Kind::Tuple(a), Kind::Tuple(b)) => both(a, b).map(|all| Value::from(Tuple::new(all))),
        _ => numbers("+", left, right, i128::checked_add, |a, b| Ok(a + b)),
    }
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Error> {
    let (repeated, times) = match (kind(left), kind(right)) {
        (container @ (Kind::Text(_) | Kind::List(_) | Kind::Tuple(_)), other) => (container, other),
        (other, container @ (Kind::Text(_) | Kind::List(_) | Kind::Tuple(_))) => (container, other),
        _ => return numbers("*", left, right, i128::checked_mul, |a, b| Ok(a * b)),
    };
    let times = times
        .as_int()
        .ok_or_else(|| unsupported("*", left, right))?;
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    let fits = |length: usize, most: usize| match length.checked_mul(times) {
        Some(all) if all <= most => Ok(()),
        _ => Err(Error::from(ErrorKind::OutOfFuel)),
    };
    match repeated {
        Kind::Text(text) => {
            fits(text.len(), MOST)?;
            Ok(Value::from(text.repeat(times)))
        }
        Kind::List(items) => {
            fits(items.len(), MOST_ITEMS)?;
            Ok(Value::from(repeated_items(items, times)))
        }
        Kind::Tuple(items) => {
            fits(items.len(), MOST_ITEMS)?;
            Ok(Value::from(Tuple::new(repeated_items(items, times))))
        }
        _ => Err(unsupported("*", left, right)),
    }
}

fn repeated_items(items: &[Value], times: usize) -> Vec<Value> {
    std::iter::repeat_n(items, times)
        .flatten()
        .cloned()
        .collect()
}

fn divide(left: &Value, right: &Value) -> Result<Value, Error> {
    match (kind(left).as_float(), kind(right).as_float()) {
        (Some(_), Some(0.0)) => Err(by_zero()),
        (Some(a), Some(b)) => Ok(Value::from(a / b)),
        _ => Err(unsupported("/", left, right)),
    }
}

fn by_zero() -> Error {
    refused("a number is divided by zero")
}

/// Quotient and remainder of whole numbers, rounded down.
fn floor(a: i128, b: i128) -> Option<(i128, i128)> {
    let (quotient, remainder) = (a.checked_div(b)?, a.checked_rem(b)?);
    match remainder != 0 && (remainder < 0) != (b < 0) {
        true => Some((quotient - 1, remainder + b)),
        false => Some((quotient, remainder)),
    }
}

/// The same of floats, as CPython's `float_divmod` has it.
fn float_floor(a: f64, b: f64) -> Result<(f64, f64), Error> {
    if b == 0.0 {
        return Err(by_zero());
    }
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder == 0.0 {
        remainder = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder += b;
        quotient -= 1.0;
    }
    let quotient = match quotient == 0.0 {
        true => 0.0_f64.copysign(a / b),
        false if quotient - quotient.floor() > 0.5 => quotient.floor() + 1.0,
        false => quotient.floor(),
    };
    Ok((quotient, remainder))
}

fn remainder(left: &Value, right: &Value) -> Result<Value, Error> {
    if let Kind::Text(format) = kind(left) {
        let arguments = match kind(right) {
            Kind::Tuple(items) => items.to_vec(),
            _ => vec![right.clone()],
        };
        return strings::printf(format, &arguments);
    }
    let whole = |a: i128, b: i128| Some(floor(a, b)?.1);
    numbers("%", left, right, whole, |a, b| Ok(float_floor(a, b)?.1))
}

fn power(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (kind(left).as_int(), kind(right).as_int())
        && b >= 0
    {
        let result = u32::try_from(b).ok().and_then(|b| a.checked_pow(b));
        return result
            .map(int)
            .ok_or_else(|| refused(format!("{a} ** {b} is too large")));
    }
    match (kind(left).as_float(), kind(right).as_float()) {
        (Some(0.0), Some(b)) if b < 0.0 => Err(by_zero()),
        (Some(a), Some(b)) if a < 0.0 && b.fract() != 0.0 => Err(unsupported("**", left, right)),
        (Some(a), Some(b)) => Ok(Value::from(a.powf(b))),
        _ => Err(unsupported("**", left, right)),
    }
}

/// `a < b <= c …`: true where each comparison is. Behind the first operand come names of operators
/// and operands by turns.
fn chain(state: &State, first: &Value, behind: Rest<Value>) -> Result<bool, Error> {
    let mut left = first;
    for pair in behind.chunks_exact(2) {
        let (operator, right) = (&pair[0], &pair[1]);
        if !is(state, operator.as_str().unwrap_or_default(), left, right)? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

/// Whether a comparison by its operator is true.
pub(super) fn is(
    state: &State,
    operator: &str,
    left: &Value,
    right: &Value,
) -> Result<bool, Error> {
    let budget = Budget::default();
    let is = match operator {
        "==" => equal(left, right, &budget)?,
        "!=" => !equal(left, right, &budget)?,
        "<" => ordered(left, right, &budget)?.is_some_and(Ordering::is_lt),
        "<=" => ordered(left, right, &budget)?.is_some_and(Ordering::is_le),
        ">" => ordered(left, right, &budget)?.is_some_and(Ordering::is_gt),
        ">=" => ordered(left, right, &budget)?.is_some_and(Ordering::is_ge),
        "in" => contains(state, right, left)?,
        _ => !contains(state, right, left)?,
    };
    budget.settle(state)?;
    Ok(is)
}

fn contains(state: &State, container: &Value, value: &Value) -> Result<bool, Error> {
    match kind(container) {
        Kind::Text(text) => {
            state.consume_fuel(text.len() as u64 / 64)?;
            match kind(value) {
                Kind::Text(part) => Ok(text.contains(part)),
                _ => Err(refused(format!("{} cannot be in a text", named(value)))),
            }
        }
        Kind::Dict(dict) => {
            hashable(value)?;
            Ok(dict.get(value).is_some())
        }
        _ => {
            let budget = Budget::default();
            let mut found = false;
            for item in items(state, container)? {
                if equal(&item, value, &budget)? {
                    found = true;
                    break;
                }
            }
            budget.settle(state)?;
            Ok(found)
        }
    }
}

/// Python's `==`.
pub(super) fn equal(left: &Value, right: &Value, budget: &Budget) -> Result<bool, Error> {
    equal_at(left, right, budget, 0)
}

fn equal_at(left: &Value, right: &Value, budget: &Budget, depth: usize) -> Result<bool, Error> {
    budget.spend()?;
    if depth > DEEPEST {
        return Err(refused("values are nested too deep to be compared"));
    }
    let all = |a: &[Value], b: &[Value]| {
        for (a, b) in a.iter().zip(b) {
            if !equal_at(a, b, budget, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(a.len() == b.len())
    };
    match (kind(left), kind(right)) {
        (Kind::Undefined, Kind::Undefined) | (Kind::None, Kind::None) => Ok(true),
        (Kind::Text(a), Kind::Text(b)) => Ok(a == b),
        (Kind::List(a), Kind::List(b)) | (Kind::Tuple(a), Kind::Tuple(b)) => all(a, b),
        (Kind::Dict(a), Kind::Dict(b)) => {
            if a.entries().len() != b.entries().len() {
                return Ok(false);
            }
            for (key, value) in a.entries() {
                match b.get(key) {
                    Some(other) if equal_at(value, other, budget, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Kind::Other, Kind::Other) => Ok(minijinja::tests::is_sameas(left, right)),
        (a, b) => Ok(match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => a == b,
            _ => matches!((a.as_float(), b.as_float()), (Some(a), Some(b)) if a == b),
        }),
    }
}

/// The order of two values for sorting.
pub(super) fn compare(left: &Value, right: &Value, budget: &Budget) -> Result<Ordering, Error> {
    Ok(ordered(left, right, budget)?.unwrap_or(Ordering::Equal))
}

/// Python's `<` and `>`; nothing where neither is true, nor equality.
fn ordered(left: &Value, right: &Value, budget: &Budget) -> Result<Option<Ordering>, Error> {
    budget.spend()?;
    match (kind(left), kind(right)) {
        (Kind::Text(a), Kind::Text(b)) => Ok(Some(a.cmp(b))),
        (Kind::List(a), Kind::List(b)) | (Kind::Tuple(a), Kind::Tuple(b)) => {
            for (a, b) in a.iter().zip(b) {
                if !equal(a, b, budget)? {
                    return ordered(a, b, budget);
                }
            }
            Ok(Some(a.len().cmp(&b.len())))
        }
        (a, b) => match (a.as_int(), b.as_int(), a.as_float(), b.as_float()) {
            (Some(a), Some(b), _, _) => Ok(Some(a.cmp(&b))),
            (_, _, Some(a), Some(b)) => Ok(a.partial_cmp(&b)),
            _ => Err(refused(format!(
                "{} and {} have no order",
                named(left),
                named(right)
            ))),
        },
    }
}
