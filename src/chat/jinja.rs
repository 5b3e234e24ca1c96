//! Chat templates as transformers renders them: Jinja, with Python's meaning of every operation.
//!
//! `minijinja` parses a template and runs it. What Jinja leaves to Python (what a value prints as,
//! what `+` does, which methods a text has, which filters there are) is ours: `meaning` puts our
//! own operations in the place of the crate's. A template is a program that somebody else wrote, so
//! it runs with a limited amount of fuel, depth and text.

mod arguments;
mod dict;
mod dumps;
mod filters;
mod functions;
mod kind;
mod lookup;
mod meaning;
mod operators;
mod predicates;
mod source;
mod strings;
mod text;

use std::thread;

use minijinja::machinery::{CodeGenerator, make_string_output, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};

pub use dict::Dict;
pub use strings::{is_space, strip, strip_end};

use crate::caught;

/// One unit is an operation, or 64 bytes of a text that an operation gives. Templates of published
/// models take some dozens a message.
const FUEL: u64 = 2_000_000;

/// Bytes of a template. The longest published ones have a tenth of it.
const LONGEST: usize = 256 << 10;

/// Values may be nested as deep as fuel allows, and are dropped recursively.
const STACK: usize = 512 << 20;

/// Calls of macros within macros. Python gives up at about as many.
const DEPTH: usize = 250;

/// Why a template gave no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is no template.
    #[error("the chat template cannot be read: {0}")]
    Syntax(String),
    /// It refuses the conversation, in its own words.
    #[error("the chat template refuses this conversation: {0}")]
    Refused(String),
    /// An operation failed.
    #[error("the chat template fails: {0}")]
    Failed(String),
    /// It would take more time or memory than any template needs.
    #[error("the chat template is given up: it takes more time or memory than any template needs")]
    TooMuch,
}

/// Renders the template `source` with these variables.
///
/// # Errors
/// When it cannot be parsed, refuses, fails, or takes too much.
pub fn render(source: &str, variables: Vec<(String, Value)>) -> Result<String, TemplateError> {
    if source.len() > LONGEST {
        return Err(TemplateError::TooMuch);
    }
    let source = source::prepared(source);
    // Nothing that a panic could leave half-done outlives the thread.
    let run = || caught::catch(|| run(&source, variables));
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("template".to_owned());
        let thread = builder.stack_size(STACK).spawn_scoped(scope, run);
        let thread =
            thread.map_err(|error| TemplateError::Failed(format!("no thread: {error}")))?;
        match thread.join() {
            Ok(Ok(rendered)) => rendered,
            Ok(Err(_)) | Err(_) => Err(TemplateError::Failed("the engine gave up".to_owned())),
        }
    })
}

fn run(source: &str, variables: Vec<(String, Value)>) -> Result<String, TemplateError> {
    let failed = |error: Error| told(&error);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(failed)?;
    let name = "chat template";
    let parsed = parse(source, name, syntax).map_err(failed)?;
    let template = meaning::of(&parsed).map_err(failed)?;
    let mut generator = CodeGenerator::new(name, source);
    generator.compile_stmt(&template);
    let (instructions, blocks) = generator.finish();
    let environment = environment();
    let mut text = String::new();
    let variables = variables
        .into_iter()
        .map(|(name, value)| (Value::from(name), value));
    let variables = Dict::new(variables).map_err(failed)?;
    minijinja::machinery::eval(
        &environment,
        &instructions,
        Value::from_object(variables),
        &blocks,
        &mut make_string_output(&mut text),
        AutoEscape::None,
    )
    .map_err(failed)?;
    Ok(text)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEPTH);
    environment.set_unknown_method_callback(lookup::method);
    operators::add_to(&mut environment);
    lookup::add_to(&mut environment);
    filters::add_to(&mut environment);
    predicates::add_to(&mut environment);
    functions::add_to(&mut environment);
    environment
}

/// The error of an operation that Python would not do.
fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

fn told(error: &Error) -> TemplateError {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if inner.kind() == ErrorKind::OutOfFuel {
            return TemplateError::TooMuch;
        }
        if let Some(said) = inner
            .detail()
            .and_then(|said| said.strip_prefix(functions::SAID))
        {
            return TemplateError::Refused(said.to_owned());
        }
        let source = std::error::Error::source(inner);
        cause = source.and_then(|source| source.downcast_ref());
    }
    let why = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    let line = error
        .line()
        .map_or(String::new(), |line| format!(" (line {line})"));
    match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => TemplateError::Syntax(why + &line),
        _ => TemplateError::Failed(why + &line),
    }
}
