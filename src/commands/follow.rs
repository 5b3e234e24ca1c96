//! `lenscape trace --follow`: a plain line for each token as it comes, for pipes, dumb terminals
//! and screen readers.

use std::io::{self, Write};

use super::CommandError;
use super::trace::Request;
use crate::display::text;
use crate::engine::{Opener, Progress};
use crate::run::RunId;
use crate::trace::{Column, Step};
use crate::vocabulary::Vocabulary;

/// Columns of the token; a longer one is cut.
const TOKEN: usize = 16;

/// Runs the request and writes a line a token to `out` as soon as the token is there. A reader
/// that has gone ends it, and is no error.
///
/// # Errors
///
/// When the model cannot be opened, the run fails, or `out` cannot be written to.
pub fn follow(opener: &Opener, request: &Request, out: &mut dyn Write) -> Result<(), CommandError> {
    let mut session = super::open(opener, &request.model)?;
    let vocabulary = session.vocabulary().clone();
    session.begin(request.run(RunId(1)))?;
    let mut text = head();
    loop {
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        text = loop {
            match session.advance(&|| true)? {
                Progress::Prompt { .. } => {}
                Progress::Step { step, column, .. } => break line(step, &column, &vocabulary),
                Progress::Finished { .. } => return Ok(()),
            }
        };
    }
}

fn head() -> String {
    format!(
        "   #  {}       p  rank@half  settles",
        text::left("token", TOKEN)
    )
}

fn line(step: Step, column: &Column, vocabulary: &Vocabulary) -> String {
    let probability = column.layers.last().map_or(0.0, |cell| cell.score.prob);
    let rank_at_half = column
        .layers
        .get(column.layers.len() / 2)
        .map_or_else(String::new, |cell| cell.score.rank.to_string());
    let settles = column
        .settling_layer()
        .map_or_else(|| "never".to_owned(), |layer| layer.to_string());
    format!(
        "{:>4}  {}  {probability:>6.4}  {rank_at_half:>9}  {settles:>7}",
        step.0 + 1,
        text::left(&vocabulary.label(column.token), TOKEN)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_line_stands_below_its_head() {
        let vocabulary = testing::vocabulary(&[" is"]);
        let column = testing::column(0, &[9, 700, 50, 12, 1]);
        let line = line(Step(0), &column, &vocabulary);
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["1", "·is", "0.3000", "12", "L3"]
        );
        assert_eq!(text::width(&line), text::width(&head()));
    }
}
