//! The arguments of a call, by place or by name as Python has them.

use minijinja::value::Kwargs;
use minijinja::{Error, Value};

use super::kind::{Kind, kind};
use super::refused;

/// Arguments as they were given: those by place, and those by name.
pub(super) struct Given {
    pub by_place: Vec<Value>,
    pub by_name: Vec<(String, Value)>,
}

impl Given {
    pub(super) fn new<V: Clone + Into<Value>>(arguments: &[V]) -> Result<Self, Error> {
        let arguments: Vec<Value> = arguments.iter().cloned().map(Into::into).collect();
        let (named, by_place) = match arguments.split_last() {
            Some((last, before)) if last.is_kwargs() => (Some(last), before),
            _ => (None, arguments.as_slice()),
        };
        let mut by_name = Vec::new();
        if let Some(named) = named {
            let named = Kwargs::try_from(named.clone())?;
            for name in named.args() {
                by_name.push((name.to_owned(), named.peek::<Value>(name)?));
            }
        }
        Ok(Self {
            by_place: by_place.to_vec(),
            by_name,
        })
    }

    /// The arguments of a function with these parameters, in their order; nothing for one that was
    /// not given.
    pub(super) fn of<const N: usize>(
        self,
        function: &str,
        parameters: [&str; N],
    ) -> Result<[Option<Value>; N], Error> {
        let mut values = [const { None }; N];
        if self.by_place.len() > N {
            return Err(refused(format!("{function} takes at most {N} arguments")));
        }
        for (place, value) in values.iter_mut().zip(self.by_place) {
            *place = Some(value);
        }
        for (name, value) in self.by_name {
            let place = parameters.iter().position(|parameter| *parameter == name);
            match place.and_then(|place| values.get_mut(place)) {
                Some(place @ None) => *place = Some(value),
                _ => {
                    return Err(refused(format!(
                        "{function} takes no argument {name:?} here"
                    )));
                }
            }
        }
        Ok(values)
    }
}

/// The arguments of a function with these parameters.
pub(super) fn read<const N: usize, V: Clone + Into<Value>>(
    function: &str,
    arguments: &[V],
    parameters: [&str; N],
) -> Result<[Option<Value>; N], Error> {
    Given::new(arguments)?.of(function, parameters)
}

/// A whole number, or `usual` where none was given.
pub(super) fn number(value: Option<&Value>, usual: i128) -> Result<i128, Error> {
    match value.map(kind) {
        None => Ok(usual),
        Some(Kind::Int(number)) => Ok(number),
        Some(Kind::Bool(flag)) => Ok(flag.into()),
        Some(_) => Err(refused("a whole number is expected")),
    }
}

/// Whether Python takes the argument for true; false where none was given.
pub(super) fn flag(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_true)
}

/// A text.
pub(super) fn text(value: &Value) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| refused("a text is expected"))
}

/// A text, or `usual` where none was given.
pub(super) fn text_or<'v>(value: Option<&'v Value>, usual: &'v str) -> Result<&'v str, Error> {
    value.map_or(Ok(usual), text)
}

/// What is given unless it is `none`.
pub(super) fn unless_none(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

/// An argument that has to be there.
pub(super) fn required(function: &str, value: Option<Value>) -> Result<Value, Error> {
    value.ok_or_else(|| refused(format!("{function} needs one more argument")))
}
