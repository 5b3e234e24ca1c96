//! The templates of a model: where its files keep them, and which one a conversation takes.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use candle_core::quantized::gguf_file::Value as GgufValue;
use minijinja::Value;

use super::error::ChatError;
use super::jinja::Dict;
use super::json;
use crate::catalog::CheckpointFiles;
use crate::model::weights::Gguf;
use crate::regular_file::{self, DESCRIPTION, WRITTEN_BY_HAND, is_plain_name};

const CONFIG: &str = "tokenizer_config.json";
const FILE: &str = "chat_template.jinja";
const MORE: &str = "additional_chat_templates";
const MORE_ENDING: &str = ".jinja";
/// What both `tokenizer_config.json` and, behind `tokenizer.`, GGUF's metadata call it.
const KEY: &str = "chat_template";

/// What the template is called that is taken unless another fits better.
const DEFAULT: &str = "default";
/// What the template is called that is taken where there are tools.
const FOR_TOOLS: &str = "tool_use";

/// More files than any model has templates.
const MOST_FILES: usize = 1000;

/// The chat templates of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Templates {
    /// One for every conversation.
    One(String),
    /// Several by their names.
    Named(Vec<(String, String)>),
}

impl Templates {
    /// The templates among a model's files, of which no weights are read. Nothing where it has none.
    ///
    /// # Errors
    /// When one of these files cannot be read or used.
    pub fn of(files: &CheckpointFiles) -> Result<Option<Self>, ChatError> {
        match files {
            CheckpointFiles::Folder(folder) => Self::of_folder(folder),
            CheckpointFiles::Gguf(path) => {
                let file = Gguf::open(path).map_err(|error| ChatError::Header(Box::new(error)))?;
                Ok(Self::of_gguf(file.metadata()))
            }
        }
    }

    /// The templates of a model's folder: `chat_template.jinja` and those in
    /// `additional_chat_templates`, or else those in `tokenizer_config.json`. Nothing where it has
    /// none.
    ///
    /// # Errors
    /// When one of these files cannot be read or used.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, ChatError> {
        let mut files = Vec::new();
        if let Some(template) = read_if_there(&folder.join(FILE))? {
            files.push((DEFAULT.to_owned(), template));
        }
        files.extend(more_templates(&folder.join(MORE))?);
        match files.as_slice() {
            [] => of_config(&folder.join(CONFIG)),
            [(name, template)] if name == DEFAULT => Ok(Some(Self::One(template.clone()))),
            _ => Ok(Some(Self::Named(files))),
        }
    }

    /// The templates in the metadata of a GGUF file: `tokenizer.chat_template`, and those behind
    /// the names of `tokenizer.chat_templates`. Nothing where it has none.
    #[must_use]
    pub fn of_gguf(metadata: &HashMap<String, GgufValue>) -> Option<Self> {
        let text = |key: &str| match metadata.get(key) {
            Some(GgufValue::String(text)) => Some(text.clone()),
            _ => None,
        };
        let default = text(&format!("tokenizer.{KEY}"));
        let names = match metadata.get(&format!("tokenizer.{KEY}s")) {
            Some(GgufValue::Array(names)) => names.as_slice(),
            _ => &[],
        };
        let named = names.iter().filter_map(|name| match name {
            GgufValue::String(name) => {
                Some((name.clone(), text(&format!("tokenizer.{KEY}.{name}"))?))
            }
            _ => None,
        });
        let named: Vec<_> = named.collect();
        match (default, named.is_empty()) {
            (Some(template), true) => Some(Self::One(template)),
            (None, true) => None,
            (default, false) => {
                let default = default.map(|template| (DEFAULT.to_owned(), template));
                Some(Self::Named(default.into_iter().chain(named).collect()))
            }
        }
    }

    /// The template for a conversation, with or without tools.
    ///
    /// # Errors
    /// When there are several, and none for such a conversation.
    pub fn choose(&self, has_tools: bool) -> Result<&str, ChatError> {
        let named = match self {
            Self::One(template) => return Ok(template),
            Self::Named(named) => named,
        };
        let of = |wanted: &str| {
            let found = named.iter().find(|(name, _)| name == wanted);
            found.map(|(_, template)| template.as_str())
        };
        let for_tools = has_tools.then(|| of(FOR_TOOLS)).flatten();
        for_tools
            .or_else(|| of(DEFAULT))
            .ok_or_else(|| ChatError::NoDefault {
                names: named.iter().map(|(name, _)| name.clone()).collect(),
            })
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, ChatError> {
    match regular_file::read_to_string(path, WRITTEN_BY_HAND) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ChatError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The templates in a folder of their own, in the order of their names.
fn more_templates(folder: &Path) -> Result<Vec<(String, String)>, ChatError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return Ok(Vec::new()),
    };
    let names = entries.take(MOST_FILES).flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| is_plain_name(name) && name.ends_with(MORE_ENDING))
        .collect();
    names.sort_unstable();
    let mut templates = Vec::with_capacity(names.len());
    for file in names {
        let name = file.strip_suffix(MORE_ENDING).unwrap_or(&file).to_owned();
        if let Some(template) = read_if_there(&folder.join(&file))? {
            templates.push((name, template));
        }
    }
    Ok(templates)
}

/// The templates in `tokenizer_config.json`: one text, or a list of names and texts.
fn of_config(path: &Path) -> Result<Option<Templates>, ChatError> {
    let text = match regular_file::read(path, DESCRIPTION) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(ChatError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let bad = |why: String| ChatError::File {
        path: path.to_owned(),
        why,
    };
    let config = json::parse(&text).map_err(|error| bad(error.to_string()))?;
    let config = config.downcast_object_ref::<Dict>();
    let template = config.and_then(|config| config.get(&Value::from(KEY)));
    let Some(template) = template.filter(|template| !template.is_none()) else {
        return Ok(None);
    };
    if let Some(template) = template.as_str() {
        return Ok(Some(Templates::One(template.to_owned())));
    }
    let named: Option<Vec<_>> = if let Some(list) = template.downcast_object_ref::<Vec<Value>>() {
        list.iter().map(named).collect()
    } else {
        let by_name = template.downcast_object_ref::<Dict>();
        by_name.and_then(|dict| dict.entries().iter().map(pair).collect())
    };
    let named = named.ok_or_else(|| {
        bad(format!(
            "{KEY} is neither a text nor a list of templates with names"
        ))
    })?;
    Ok(Some(Templates::Named(named)))
}

fn named(template: &Value) -> Option<(String, String)> {
    let dict = template.downcast_object_ref::<Dict>()?;
    let field = |name: &str| dict.get(&Value::from(name)).and_then(Value::as_str);
    Some((field("name")?.to_owned(), field("template")?.to_owned()))
}

fn pair((name, template): &(Value, Value)) -> Option<(String, String)> {
    Some((name.as_str()?.to_owned(), template.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn of(files: &[(&str, &str)]) -> Option<Templates> {
        Templates::of_folder(folder(files).path()).unwrap()
    }

    #[test]
    fn a_file_goes_over_what_the_configuration_has() {
        let config = (CONFIG, r#"{"chat_template": "in the configuration"}"#);
        assert_eq!(
            of(&[config]),
            Some(Templates::One("in the configuration".into()))
        );
        let both = of(&[config, (FILE, "in a file")]);
        assert_eq!(both, Some(Templates::One("in a file".into())));
        assert_eq!(of(&[(CONFIG, r#"{"chat_template": null}"#)]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn one_of_several_is_chosen_by_whether_there_are_tools() {
        let list = r#"{"chat_template": [{"name": "default", "template": "D"},
            {"name": "tool_use", "template": "T"}, {"name": "rag", "template": "R"}]}"#;
        let templates = of(&[(CONFIG, list)]).unwrap();
        assert_eq!(templates.choose(false).unwrap(), "D");
        assert_eq!(templates.choose(true).unwrap(), "T");
        let files = [
            (FILE, "D"),
            ("additional_chat_templates/tool_use.jinja", "T"),
        ];
        let templates = of(&files).unwrap();
        assert_eq!(templates.choose(false).unwrap(), "D");
        assert_eq!(templates.choose(true).unwrap(), "T");
        let templates = of(&files[1..]).unwrap();
        let told = templates.choose(false).unwrap_err().to_string();
        assert!(told.ends_with("like this: tool_use"), "{told}");
    }

    #[test]
    fn a_template_of_another_kind_is_refused() {
        for wrong in [
            r#"{"chat_template": 7}"#,
            r#"{"chat_template": [{"name": "x"}]}"#,
            "{",
        ] {
            let told = Templates::of_folder(folder(&[(CONFIG, wrong)]).path()).unwrap_err();
            assert!(told.to_string().contains(CONFIG), "{told}");
        }
    }

    #[test]
    fn a_gguf_file_has_one_or_several() {
        let mut metadata = HashMap::new();
        assert_eq!(Templates::of_gguf(&metadata), None);
        let text = |text: &str| GgufValue::String(text.to_owned());
        metadata.insert("tokenizer.chat_template".to_owned(), text("D"));
        assert_eq!(
            Templates::of_gguf(&metadata),
            Some(Templates::One("D".into()))
        );
        metadata.insert(
            "tokenizer.chat_templates".to_owned(),
            GgufValue::Array(vec![text("tool_use")]),
        );
        metadata.insert("tokenizer.chat_template.tool_use".to_owned(), text("T"));
        let templates = Templates::of_gguf(&metadata).unwrap();
        assert_eq!(templates.choose(true).unwrap(), "T");
        assert_eq!(templates.choose(false).unwrap(), "D");
    }
}
