//! Pages as `man` reads them: the little of Markdown that they are written in, as roff.

use std::fmt::Write as _;

use super::Page;

/// What the lines that are read belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// Sentences.
    Text,
    /// What is printed line by line.
    Literal,
}

/// The page as a section of a manual page.
#[must_use]
pub fn section(page: &Page) -> String {
    let mut roff = String::new();
    let mut block = Block::Text;
    // The heading of a table says no more than the text around it.
    let mut rows = 0_usize;
    for line in page.text.lines() {
        if line.starts_with("```") {
            block = match block {
                Block::Text => {
                    roff.push_str(".PP\n.RS 4\n.nf\n");
                    Block::Literal
                }
                Block::Literal => {
                    roff.push_str(".fi\n.RE\n.PP\n");
                    Block::Text
                }
            };
        } else if block == Block::Literal {
            push_line(&mut roff, &escaped(line));
        } else if let Some(row) = line.strip_prefix('|') {
            rows += 1;
            if rows > 2 {
                push_row(&mut roff, row);
            }
        } else {
            rows = 0;
            push_text(&mut roff, line);
        }
    }
    roff
}

/// A line of text outside tables and listings.
fn push_text(roff: &mut String, line: &str) {
    let trimmed = line.trim_start();
    // Writing to a string does not fail.
    let _ = match line {
        _ if line.starts_with("<!--") => Ok(()),
        _ if trimmed.is_empty() => writeln!(roff, ".PP"),
        _ if line.starts_with("# ") => {
            writeln!(roff, ".SH \"{}\"", inline(&line[2..].to_uppercase()))
        }
        _ if line.starts_with("## ") => writeln!(roff, ".SS \"{}\"", inline(&line[3..])),
        _ if line.starts_with("- ") => {
            roff.push_str(".IP \\(bu 3\n");
            push_line(roff, &inline(&line[2..]));
            Ok(())
        }
        _ if trimmed.starts_with("- ") => {
            roff.push_str(".IP \"   \\(em\" 6\n");
            push_line(roff, &inline(&trimmed[2..]));
            Ok(())
        }
        _ => {
            push_line(roff, &inline(trimmed));
            Ok(())
        }
    };
}

/// A row of a table: its first cell, and the others below it.
fn push_row(roff: &mut String, row: &str) {
    let cells: Vec<&str> = row
        .trim_end()
        .trim_end_matches('|')
        .split(" | ")
        .map(str::trim)
        .collect();
    if let Some((first, rest)) = cells.split_first() {
        roff.push_str(".TP\n");
        push_line(roff, &inline(first));
        let rest: Vec<&str> = rest
            .iter()
            .copied()
            .filter(|cell| !cell.is_empty())
            .collect();
        push_line(roff, &inline(&rest.join(" \u{b7} ")));
    }
}

/// A line that is no request, whatever it begins with.
fn push_line(roff: &mut String, line: &str) {
    let guard = if line.starts_with(['.', '\'']) || line.is_empty() {
        "\\&"
    } else {
        ""
    };
    let _ = writeln!(roff, "{guard}{line}");
}

/// Text with its code and what is stressed in other letters.
fn inline(text: &str) -> String {
    let mut roff = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            let _ = write!(roff, "\\fB{}\\fR", escaped(part));
        } else {
            roff.push_str(&stressed(&escaped(&without_targets(part))));
        }
    }
    roff
}

/// `**bold**` and `*italic*`.
fn stressed(text: &str) -> String {
    let mut roff = String::new();
    for (at, bold) in text.split("**").enumerate() {
        if at % 2 == 1 {
            let _ = write!(roff, "\\fB{bold}\\fR");
            continue;
        }
        for (at, italic) in bold.split('*').enumerate() {
            match at % 2 {
                1 => {
                    let _ = write!(roff, "\\fI{italic}\\fR");
                }
                _ => roff.push_str(italic),
            }
        }
    }
    roff
}

/// `[text](target)` as its text.
fn without_targets(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(&before.replacen('[', "", 1));
        rest = after.split_once(')').map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    plain
}

/// Text as roff takes it for what it says.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('"', "\\(dq")
}

#[cfg(test)]
mod tests {
    use super::super::PAGES;
    use super::*;

    fn roff(text: &'static str) -> String {
        section(&Page { name: "a", text })
    }

    #[test]
    fn headings_are_sections_and_code_is_bold() {
        assert_eq!(
            roff("# One page\n\nSay `--top 5`, *now* or **never**.\n\n## Part\n"),
            ".SH \"ONE PAGE\"\n.PP\nSay \\fB\\-\\-top 5\\fR, \\fInow\\fR or \\fBnever\\fR.\n.PP\n.SS \"Part\"\n"
        );
    }

    #[test]
    fn no_line_of_text_is_taken_for_a_request() {
        assert_eq!(roff(".json is a file\n"), "\\&.json is a file\n");
        assert_eq!(
            roff("```console\n.x \\n 'a'\n\n```\n"),
            ".PP\n.RS 4\n.nf\n\\&.x \\en 'a'\n\\&\n.fi\n.RE\n.PP\n"
        );
    }

    #[test]
    fn rows_of_tables_are_terms() {
        assert_eq!(
            roff("| key | what |\n|---|---|\n| `x` | skip |\n"),
            ".TP\n\\fBx\\fR\nskip\n"
        );
    }

    #[test]
    fn links_are_their_text() {
        assert_eq!(
            roff("see [the page](files.md) there\n"),
            "see the page there\n"
        );
    }

    #[test]
    fn every_page_has_one_title() {
        for page in PAGES {
            let roff = section(page);
            assert!(roff.starts_with(".SH "), "{}", page.name);
            assert_eq!(roff.matches("\n.SH ").count(), 0, "{}", page.name);
            assert_eq!(
                page.text.matches('`').count() % 2,
                0,
                "{}: a ` is open",
                page.name
            );
        }
    }
}
