//! What a pickle holds as a tree of plain containers, for files that are no state dict: keys may
//! be numbers, and numbers and lists stand beside tensors.

use super::{Id, Machine, Object, TensorDescription};

/// The deepest that anything of interest stands.
const DEEPEST: usize = 4;

/// More than any such file has. One that names the same object again and again has no more
/// either, so that its tree is no larger than this.
const MOST_ITEMS: usize = 1 << 16;

/// Longer texts are of no interest.
const LONGEST_TEXT: usize = 1000;

/// Something that was saved.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::model::weights) enum Item {
    /// What has no meaning here, or is too deep.
    Other,
    Number(i64),
    Text(String),
    List(Vec<Item>),
    /// Entries in the order in which they were set.
    Dict(Vec<(Key, Item)>),
    Tensor(TensorDescription),
}

/// What an entry is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::model::weights) enum Key {
    Number(i64),
    Text(String),
}

/// The tree that `pickle` begins with.
///
/// # Errors
/// When it is no pickle, or holds more than any file of this kind; in one line.
pub(in crate::model::weights) fn tree(pickle: &[u8]) -> Result<Item, String> {
    let mut machine = Machine::new(pickle);
    let root = machine.run()?;
    let mut left = MOST_ITEMS;
    machine.item(root, "the file", DEEPEST, &mut left)
}

impl Machine<'_> {
    fn item(&self, id: Id, name: &str, depth: usize, left: &mut usize) -> Result<Item, String> {
        *left = left
            .checked_sub(1)
            .ok_or("it holds more entries than any such file")?;
        Ok(match self.get(id) {
            Object::Number(number) => Item::Number(*number),
            Object::Text(text) if text.len() <= LONGEST_TEXT => Item::Text(text.clone()),
            Object::Tensor(arguments) => {
                let tensor = self.describe(name, *arguments);
                Item::Tensor(tensor.ok_or_else(|| format!("tensor {name:?} is described wrongly"))?)
            }
            Object::List(items) | Object::Tuple(items) if depth > 0 => {
                let items = items.iter();
                let items = items.map(|item| self.item(*item, name, depth - 1, left));
                Item::List(items.collect::<Result<_, _>>()?)
            }
            Object::Dict(entries) if depth > 0 => {
                let mut found = Vec::new();
                for (key, value) in entries {
                    let key = match self.get(*key) {
                        Object::Number(number) => Key::Number(*number),
                        Object::Text(text) if text.len() <= LONGEST_TEXT => Key::Text(text.clone()),
                        _ => continue,
                    };
                    let name = match &key {
                        Key::Number(number) => number.to_string(),
                        Key::Text(text) => text.clone(),
                    };
                    found.push((key, self.item(*value, &name, depth - 1, left)?));
                }
                Item::Dict(found)
            }
            _ => Item::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_may_be_numbers() {
        // {"n": 3, 7: [1, -1]}
        let pickle = b"\x80\x02}(X\x01\0\0\0nK\x03K\x07](K\x01J\xff\xff\xff\xffeu.";
        let list = Item::List(vec![Item::Number(1), Item::Number(-1)]);
        let expected = vec![
            (Key::Text("n".into()), Item::Number(3)),
            (Key::Number(7), list),
        ];
        assert_eq!(tree(pickle).unwrap(), Item::Dict(expected));
    }

    #[test]
    fn one_object_named_again_and_again_is_refused_before_it_is_a_tree() {
        // A dictionary of a thousand entries in a dictionary of a thousand, and so on.
        let mut bomb = b"\x80\x02}(".to_vec();
        let entries = |value: &[u8]| -> Vec<u8> {
            let entry = |i: u16| [b"M", &i.to_le_bytes()[..], value].concat();
            (0..1000).flat_map(entry).collect()
        };
        bomb.extend(entries(b"K\x01"));
        bomb.extend(b"uq\x00");
        for _ in 0..3 {
            bomb.extend(b"}(");
            bomb.extend(entries(b"h\x00"));
            bomb.extend(b"uq\x00");
        }
        bomb.push(b'.');
        assert!(tree(&bomb).unwrap_err().contains("more entries"));
    }

    #[test]
    fn an_object_that_holds_itself_ends_somewhere() {
        let pickle = b"\x80\x02]q\x00h\x00a.";
        assert!(matches!(tree(pickle).unwrap(), Item::List(_)));
    }
}
