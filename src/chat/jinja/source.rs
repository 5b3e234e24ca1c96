//! What is done to the text of a template before it is parsed.

/// The template with Jinja's line ends, and with the tag that transformers adds to Jinja spelled as
/// a call: `{% generation %}` marks what a model wrote, and renders what is in it.
pub(super) fn prepared(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut prepared = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(at) = rest.find('{') {
        let (before, tag) = rest.split_at(at);
        prepared.push_str(before);
        let length = match tag.as_bytes().get(1) {
            Some(b'#') => tag.find("#}").map_or(tag.len(), |end| end + 2),
            Some(b'{') => inside(tag, "}}"),
            Some(b'%') => match named(tag) {
                "raw" => raw(tag),
                _ => inside(tag, "%}"),
            },
            _ => 1,
        };
        let (tag, behind) = tag.split_at(length);
        prepared.push_str(&match named(tag) {
            "raw" => kept_line(tag),
            "generation" => tag.replacen("generation", CALL, 1),
            "endgeneration" => tag.replacen("endgeneration", "endcall", 1),
            _ if tag.contains('\\') && !tag.starts_with("{#") => spelled(tag),
            _ => tag.to_owned(),
        });
        rest = behind;
    }
    prepared.push_str(rest);
    prepared
}

/// A `{% raw %}` behind which a line end stays: Jinja trims none there.
fn kept_line(tag: &str) -> String {
    match tag.split_once("%}") {
        Some((start, rest)) if !start.ends_with(['-', '+']) => [start, "+%}", rest].concat(),
        _ => tag.to_owned(),
    }
}

/// A tag with the escapes in its texts spelled as the parser knows them.
fn spelled(tag: &str) -> String {
    let mut spelled = String::with_capacity(tag.len());
    let mut rest = tag;
    while let Some((before, behind)) = rest.split_once('\\') {
        spelled.push_str(before);
        let mut characters = behind.chars();
        let escape = characters.next();
        rest = characters.as_str();
        match escape {
            Some('a') => spelled.push_str("\\x07"),
            Some('v') => spelled.push_str("\\x0b"),
            Some('/') => spelled.push_str("\\\\/"),
            Some('\n') => {}
            Some('U') => match long_escape(rest) {
                Some((character, behind)) => {
                    if matches!(character, '\'' | '"' | '\\') {
                        spelled.push('\\');
                    }
                    spelled.push(character);
                    rest = behind;
                }
                None => spelled.push_str("\\U"),
            },
            other => {
                spelled.push('\\');
                spelled.extend(other);
            }
        }
    }
    spelled.push_str(rest);
    spelled
}

/// The character of eight hexadecimal digits, and what is behind them.
fn long_escape(text: &str) -> Option<(char, &str)> {
    let (digits, behind) = text.split_at_checked(8)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, behind))
}

const CALL: &str = "call __generation()";

/// The first word of a `{% tag %}`; empty for anything else.
fn named(tag: &str) -> &str {
    let Some(inner) = tag.strip_prefix("{%") else {
        return "";
    };
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_');
    inner.split_at(end.unwrap_or(inner.len())).0
}

/// Bytes of a tag up to its `end`, which may also stand in a text of it.
fn inside(tag: &str, end: &str) -> usize {
    let bytes = tag.as_bytes();
    let mut at = 2;
    let mut quote = None;
    while let Some(&byte) = bytes.get(at) {
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None if bytes
                .get(at..)
                .is_some_and(|rest| rest.starts_with(end.as_bytes())) =>
            {
                return at + end.len();
            }
            None => {}
        }
        at += 1;
    }
    tag.len()
}

/// Bytes of a `{% raw %}` up to the tag that ends it.
fn raw(tag: &str) -> usize {
    let mut at = 2;
    while let Some(next) = tag.get(at..).and_then(|rest| rest.find("{%")) {
        at += next;
        if tag.get(at..).is_some_and(|rest| named(rest) == "endraw") {
            return at;
        }
        at += 2;
    }
    tag.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_is_spelled_as_a_call() {
        assert_eq!(
            prepared("a{%- generation -%}b{% endgeneration %}"),
            "a{%- call __generation() -%}b{% endcall %}"
        );
    }

    #[test]
    fn what_only_looks_like_the_tag_stays() {
        for source in [
            "{# {% generation %} #}",
            "{{ '{% generation %}' }}",
            "{% raw -%}{% generation %}{% endraw %}",
            "{% set generation = 1 %}{% if generation %}{",
            "{% if '%}{% generation %}' %}",
        ] {
            assert_eq!(prepared(source), source);
        }
    }

    #[test]
    fn the_line_behind_raw_stays() {
        assert_eq!(
            prepared("{% raw %}\n{% generation %}{% endraw %}"),
            "{% raw +%}\n{% generation %}{% endraw %}"
        );
    }

    #[test]
    fn escapes_are_spelled_as_the_parser_knows_them() {
        assert_eq!(
            prepared(r"{{ '\a\U0001F600\/\n' }} \a"),
            "{{ '\\x07\u{1f600}\\\\/\\n' }} \\a"
        );
    }

    #[test]
    fn lines_end_as_jinja_has_them() {
        assert_eq!(prepared("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
