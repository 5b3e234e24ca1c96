//! The methods of Python's `str`.

mod case;
mod cut;
mod format;

use minijinja::{Error, ErrorKind, State, Value};

use super::arguments::{flag, number, read, required, text, text_or, unless_none};
use super::kind::{Kind, int, items, kind};
use super::refused;
use super::text::MOST;

pub(super) use case::{capitalized, is_lower, is_upper, titled};
pub(super) use cut::lines;
pub(super) use format::printf;

/// Those that a template may call.
pub(super) const METHODS: [&str; 43] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

/// Whether Python takes a character for white space.
#[must_use]
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// The text without white space around it.
#[must_use]
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The text without white space behind it.
#[must_use]
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// Calls the method `name` of `own`.
pub(super) fn method(
    state: &State<'_, '_>,
    own: &str,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    state.consume_fuel(own.len() as u64 / 16)?;
    let none = || read(name, arguments, []).map(|[]| ());
    match name {
        "upper" => none().map(|()| Value::from(own.to_uppercase())),
        "lower" | "casefold" => none().map(|()| Value::from(own.to_lowercase())),
        "title" => none().map(|()| Value::from(titled(own))),
        "capitalize" => none().map(|()| Value::from(capitalized(own))),
        "swapcase" => none().map(|()| Value::from(case::swapped(own))),
        "strip" | "lstrip" | "rstrip" => stripped(own, name, arguments),
        "split" | "rsplit" => cut::split(own, name, arguments),
        "splitlines" => {
            let [keep] = read(name, arguments, ["keepends"])?;
            let lines = lines(own).into_iter();
            let keep = flag(keep.as_ref());
            let line = |(line, end): (&str, &str)| match keep {
                true => Value::from([line, end].concat()),
                false => Value::from(line),
            };
            Ok(Value::from(lines.map(line).collect::<Vec<_>>()))
        }
        "partition" | "rpartition" => cut::partition(own, name, arguments),
        "startswith" | "endswith" => bounded(own, name, arguments),
        "find" | "rfind" | "index" | "rindex" | "count" => found(own, name, arguments),
        "replace" => {
            let [old, new, count] = read(name, arguments, ["old", "new", "count"])?;
            let (old, new) = (required(name, old)?, required(name, new)?);
            replaced(own, text(&old)?, text(&new)?, number(count.as_ref(), -1)?).map(Value::from)
        }
        "removeprefix" | "removesuffix" => {
            let [part] = read(name, arguments, ["part"])?;
            let part = required(name, part)?;
            let part = text(&part)?;
            let rest = match name {
                "removeprefix" => own.strip_prefix(part),
                _ => own.strip_suffix(part),
            };
            Ok(Value::from(rest.unwrap_or(own)))
        }
        "join" => {
            let [parts] = read(name, arguments, ["iterable"])?;
            let parts = items(state, &required(name, parts)?)?;
            let parts: Result<Vec<&str>, _> = parts.iter().map(text).collect();
            join(&parts?, own).map(Value::from)
        }
        "zfill" => {
            let [width] = read(name, arguments, ["width"])?;
            let (sign, digits) = match own.strip_prefix(['-', '+']) {
                Some(digits) => own.split_at(own.len() - digits.len()),
                None => ("", own),
            };
            let width = number(Some(&required(name, width)?), 0)? - sign.len() as i128;
            let padded = padded(digits, "rjust", width, "0")?;
            Ok(Value::from([sign, text(&padded)?].concat()))
        }
        "center" | "ljust" | "rjust" => {
            let [width, fill] = read(name, arguments, ["width", "fillchar"])?;
            let width = number(Some(&required(name, width)?), 0)?;
            padded(own, name, width, text_or(fill.as_ref(), " ")?)
        }
        "expandtabs" => Err(refused("expandtabs is not supported in chat templates")),
        "format" => format::braces(state, own, arguments),
        "format_map" => Err(refused("format_map is not supported in chat templates")),
        _ => match case::test(own, name) {
            Some(answer) => none().map(|()| Value::from(answer)),
            None => Err(ErrorKind::UnknownMethod.into()),
        },
    }
}

/// Texts with `between` between each two of them.
pub(super) fn join(parts: &[&str], between: &str) -> Result<String, Error> {
    let long: usize = parts.iter().map(|part| part.len()).sum();
    let gaps = between.len().saturating_mul(parts.len().saturating_sub(1));
    if long.saturating_add(gaps) > MOST {
        return Err(ErrorKind::OutOfFuel.into());
    }
    Ok(parts.join(between))
}

/// The text with the first `count` of `old` replaced; with all where `count` is negative.
pub(super) fn replaced(own: &str, old: &str, new: &str, count: i128) -> Result<String, Error> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let there = own.matches(old).take(count).count();
    if own.len().saturating_add(there.saturating_mul(new.len())) > MOST {
        return Err(ErrorKind::OutOfFuel.into());
    }
    Ok(own.replacen(old, new, count))
}

pub(super) fn stripped(own: &str, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let [chars] = read(name, arguments, ["chars"])?;
    let chars = unless_none(chars);
    let chars = chars.as_ref().map(text).transpose()?;
    let goes = |c: char| chars.map_or_else(|| is_space(c), |chars| chars.contains(c));
    Ok(Value::from(match name {
        "lstrip" => own.trim_start_matches(goes),
        "rstrip" => own.trim_end_matches(goes),
        _ => own.trim_matches(goes),
    }))
}

/// The part of a text between two places, which count characters and may count from the end, and
/// where it begins; nothing where it would begin behind the end.
fn between<'t>(
    own: &'t str,
    start: Option<&Value>,
    end: Option<&Value>,
) -> Result<Option<(&'t str, i128)>, Error> {
    let length = own.chars().count() as i128;
    let place = |bound: Option<&Value>, usual: i128| {
        let at = match bound.filter(|bound| !bound.is_none()) {
            None => usual,
            some => number(some, usual)?,
        };
        Ok::<_, Error>(if at < 0 { (at + length).max(0) } else { at })
    };
    let (start, end) = (place(start, 0)?, place(end, length)?.min(length));
    if start > end {
        return Ok(None);
    }
    let byte = |at: i128| {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        own.char_indices()
            .nth(at)
            .map_or(own.len(), |(byte, _)| byte)
    };
    Ok(own.get(byte(start)..byte(end)).map(|part| (part, start)))
}

fn bounded(own: &str, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let [wanted, start, end] = read(name, arguments, ["prefix", "start", "end"])?;
    let wanted = required(name, wanted)?;
    let Some((part, _)) = between(own, start.as_ref(), end.as_ref())? else {
        return Ok(Value::from(false));
    };
    let bounds = |wanted: &Value| {
        let wanted = text(wanted)?;
        Ok::<_, Error>(match name {
            "startswith" => part.starts_with(wanted),
            _ => part.ends_with(wanted),
        })
    };
    if let Kind::Tuple(all) = kind(&wanted) {
        for one in all {
            if bounds(one)? {
                return Ok(Value::from(true));
            }
        }
        return Ok(Value::from(false));
    }
    bounds(&wanted).map(Value::from)
}

fn found(own: &str, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let [wanted, start, end] = read(name, arguments, ["sub", "start", "end"])?;
    let wanted = required(name, wanted)?;
    let wanted = text(&wanted)?;
    let part = between(own, start.as_ref(), end.as_ref())?;
    if name == "count" {
        let count = part.map_or(0, |(part, _)| part.matches(wanted).count());
        return Ok(int(count as i128));
    }
    let at = part.and_then(|(part, start)| {
        let at = match name {
            "find" | "index" => part.find(wanted),
            _ => part.rfind(wanted),
        }?;
        let before = part.get(..at)?.chars().count() as i128;
        Some(start + before)
    });
    match at {
        Some(at) => Ok(int(at)),
        None if name.ends_with("find") => Ok(int(-1)),
        None => Err(refused(format!("{name} does not find the text"))),
    }
}

fn padded(own: &str, name: &str, width: i128, fill: &str) -> Result<Value, Error> {
    if fill.chars().count() != 1 {
        return Err(refused(format!("{name} fills with one character")));
    }
    let width = usize::try_from(width.max(0)).unwrap_or(usize::MAX);
    let missing = width.saturating_sub(own.chars().count());
    if missing > MOST / 4 {
        return Err(ErrorKind::OutOfFuel.into());
    }
    // Python puts the odd one on the left where the width is odd.
    let left = match name {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    let text = [&fill.repeat(left), own, &fill.repeat(missing - left)].concat();
    Ok(Value::from(text))
}

/// The text in the middle of `width` columns.
pub(super) fn centred(own: &str, width: i128) -> Result<Value, Error> {
    padded(own, "center", width, " ")
}
