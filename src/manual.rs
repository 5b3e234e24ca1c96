//! The manual: what the program can do, how its numbers are defined and checked, and what it reads and
//! writes, a file a page. rustdoc shows the pages here, and `lenscape man` prints them behind the
//! options of each command.

pub mod roff;

/// A page of the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file in `src/manual`, without the extension.
    pub name: &'static str,
    /// Markdown, with one heading of the first level, which is its title.
    pub text: &'static str,
}

/// Makes a module of each page, for rustdoc, and the list of them.
macro_rules! pages {
    ($($name:ident)*) => {
        $(
            #[doc = include_str!(concat!("manual/", stringify!($name), ".md"))]
            pub mod $name {}
        )*

        /// All pages, in the order in which they are read.
        pub const PAGES: &[Page] = &[$(
            Page {
                name: stringify!($name),
                text: include_str!(concat!("manual/", stringify!($name), ".md")),
            },
        )*];
    };
}

pages! {
    views
    keys
    chat
    models
    states
    devices
    files
    recordings
    settings
    numbers
    accuracy
    speed
}
