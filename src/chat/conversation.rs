//! A conversation as it is handed to a template: turns, and tools that a model may call.

use minijinja::Value;

use super::error::ChatError;
use super::jinja::{self, Dict, strip, strip_end};
use super::json;
use crate::run::ChatFrame;

/// Turns of a conversation, and tools.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Objects with a role and whatever else the template reads.
    messages: Vec<Value>,
    /// Descriptions of tools; none where no tools are spoken of at all.
    tools: Option<Value>,
}

/// How what is sent ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// With what makes the model begin a turn of its own: the *generation prompt*.
    #[default]
    ModelsTurn,
    /// With the last message, closed.
    Closed,
    /// Inside of the last message, which the model continues.
    Continued,
}

/// The names under which the reasoning of a message is passed. Templates read one of the first two.
const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// What a message that is continued is read by.
const CONTENT: &str = "content";

/// Marks the place in the last message from which it is continued.
const MARK: &str = "CONTINUE_FINAL_MESSAGE_TAG ";

impl Conversation {
    /// The turns of `frame`, and `prompt` as what the user says then, unless it is empty.
    ///
    /// # Errors
    /// When the frame's messages cannot be used, have a system prompt besides the frame's own, or
    /// nothing is said at all.
    pub fn of_prompt(frame: &ChatFrame, prompt: &str) -> Result<Self, ChatError> {
        let mut conversation = match &frame.messages {
            Some(json) => Self::from_json(json.as_bytes())?,
            None if prompt.is_empty() => return Err(ChatError::NothingSaid),
            None => Self {
                messages: Vec::new(),
                tools: None,
            },
        };
        if !prompt.is_empty() {
            conversation.messages.push(turn("user", prompt));
        }
        match &frame.system {
            Some(system) => conversation.with_system(system),
            None => Ok(conversation),
        }
    }

    /// The messages of a JSON text: a list of objects such as
    /// `{"role": "user", "content": "Hello"}`, in the order of the conversation.
    ///
    /// # Errors
    /// When it is something else, or empty.
    pub fn from_json(text: &[u8]) -> Result<Self, ChatError> {
        let bad = |why: String| ChatError::Messages { why };
        let value = json::parse(text).map_err(|error| bad(error.to_string()))?;
        let list = value.downcast_object_ref::<Vec<Value>>();
        let list = list.ok_or_else(|| bad("a list of messages is expected".to_owned()))?;
        if list.is_empty() {
            return Err(bad("there are no messages".to_owned()));
        }
        let messages = list.iter().enumerate().map(|(at, message)| {
            let dict = message.downcast_object_ref::<Dict>();
            let dict = dict.ok_or_else(|| bad(format!("message {} is no object", at + 1)))?;
            // As transformers has it: many templates fail on a null, but none on what is not there.
            let entries = dict.entries().iter().filter(|(_, value)| !value.is_none());
            message_of(entries.cloned().collect())
        });
        Ok(Self {
            messages: messages.collect::<Result<_, _>>()?,
            tools: None,
        })
    }

    /// The same with the tools of a JSON text: a list of objects.
    ///
    /// # Errors
    /// When it is something else.
    pub fn with_tools(self, text: &[u8]) -> Result<Self, ChatError> {
        let bad = |why: String| ChatError::Tools { why };
        let tools = json::parse(text).map_err(|error| bad(error.to_string()))?;
        if tools.is_none() {
            return Ok(self);
        }
        let list = tools.downcast_object_ref::<Vec<Value>>();
        let list = list.ok_or_else(|| bad("a list of tools is expected".to_owned()))?;
        let is_object = |tool: &Value| tool.downcast_object_ref::<Dict>().is_some();
        match list.iter().position(|tool| !is_object(tool)) {
            Some(at) => Err(bad(format!("tool {} is no object", at + 1))),
            None => Ok(Self {
                tools: Some(tools),
                ..self
            }),
        }
    }

    /// The same with a system prompt in front.
    ///
    /// # Errors
    /// When there is one already.
    pub fn with_system(mut self, system: &str) -> Result<Self, ChatError> {
        let is_system = |message: &Value| {
            field(message, "role").is_some_and(|role| role.as_str() == Some("system"))
        };
        if self.messages.first().is_some_and(is_system) {
            return Err(ChatError::TwoSystemPrompts);
        }
        self.messages.insert(0, turn("system", system));
        Ok(self)
    }

    /// Whether tools are spoken of, be it that there are none.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        self.tools.is_some()
    }

    /// What is sent: the conversation in the words of `template`, which knows the special tokens
    /// `roles` by their names, such as `bos_token`.
    ///
    /// # Errors
    /// When the template does not take it, or there is nothing to continue.
    pub fn render(
        &self,
        template: &str,
        roles: &[(String, String)],
        ending: Ending,
    ) -> Result<String, ChatError> {
        let mut messages: Vec<Value> = self
            .messages
            .iter()
            .map(with_reasoning)
            .collect::<Result<_, _>>()?;
        let continued = match ending {
            Ending::Continued => Some(mark_last(&mut messages, template)?),
            Ending::ModelsTurn | Ending::Closed => None,
        };
        let roles = roles
            .iter()
            .map(|(role, token)| (role.clone(), Value::from(token.as_str())));
        let own = [
            ("messages", Value::from(messages)),
            ("tools", self.tools.clone().unwrap_or(Value::from(()))),
            ("documents", Value::from(())),
            (
                "add_generation_prompt",
                Value::from(ending == Ending::ModelsTurn),
            ),
        ];
        let own = own
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let text = jinja::render(template, roles.chain(own).collect())?;
        match continued {
            None => Ok(text),
            Some(last) => cut(&text, &last).ok_or(ChatError::NotContinued),
        }
    }
}

fn turn(role: &str, content: &str) -> Value {
    let fields = [("role", role), (CONTENT, content)];
    let fields = fields.map(|(key, value)| (Value::from(key), Value::from(value)));
    // Texts can be keys.
    Value::from_object(Dict::new(fields).unwrap_or_default())
}

fn field<'m>(message: &'m Value, name: &str) -> Option<&'m Value> {
    message
        .downcast_object_ref::<Dict>()?
        .get(&Value::from(name))
}

fn message_of(entries: Vec<(Value, Value)>) -> Result<Value, ChatError> {
    let dict = Dict::new(entries);
    dict.map(Value::from_object)
        .map_err(|error| ChatError::Messages {
            why: error.to_string(),
        })
}

/// The message with its reasoning under the names that templates read.
fn with_reasoning(message: &Value) -> Result<Value, ChatError> {
    let given = REASONING
        .iter()
        .find_map(|name| field(message, name).filter(|v| !v.is_none()));
    let (Some(reasoning), Some(dict)) = (given, message.downcast_object_ref::<Dict>()) else {
        return Ok(message.clone());
    };
    let [standard, other, _] = REASONING.map(Value::from);
    let mut entries = vec![(other, reasoning.clone())];
    entries.extend(dict.entries().iter().cloned());
    entries.push((standard, reasoning.clone()));
    message_of(entries)
}

/// Marks the end of the last message, whose text it gives.
fn mark_last(messages: &mut [Value], template: &str) -> Result<String, ChatError> {
    let last = messages.last_mut().ok_or(ChatError::NothingToContinue)?;
    let content = field(last, CONTENT).filter(|content| !content.is_none());
    let content = content.ok_or(ChatError::NothingToContinue)?;
    if !template.contains(CONTENT) {
        return Err(ChatError::NotContinued);
    }
    let (text, marked) = if let Some(text) = content.as_str() {
        (text.to_owned(), Value::from([text, MARK].concat()))
    } else {
        let blocks = content.downcast_object_ref::<Vec<Value>>();
        let mut blocks = blocks.ok_or(ChatError::NothingToContinue)?.clone();
        let has_text = |block: &Value| field(block, "text").is_some();
        let at = blocks
            .iter()
            .rposition(has_text)
            .ok_or(ChatError::NothingToContinue)?;
        let block = blocks.get_mut(at).ok_or(ChatError::NothingToContinue)?;
        let text = field(block, "text")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let text = text.ok_or(ChatError::NothingToContinue)?;
        *block = with(block, "text", Value::from([text.as_str(), MARK].concat()))?;
        (text, Value::from(blocks))
    };
    *last = with(last, CONTENT, marked)?;
    Ok(text)
}

fn with(message: &Value, name: &str, value: Value) -> Result<Value, ChatError> {
    let dict = message.downcast_object_ref::<Dict>();
    let mut entries = dict.map(|dict| dict.entries().to_vec()).unwrap_or_default();
    entries.push((Value::from(name), value));
    message_of(entries)
}

/// What stands before the mark; nothing where the template left out the mark or the last message.
fn cut(text: &str, last: &str) -> Option<String> {
    if !text.contains(strip(last)) {
        return None;
    }
    let (before, behind) = text.rsplit_once(strip(MARK))?;
    // A template that strips messages has stripped the mark, and would have stripped the text.
    let is_whole = behind.starts_with(' ');
    Some(if is_whole { before } else { strip_end(before) }.to_owned())
}
