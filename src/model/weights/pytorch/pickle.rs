//! The part of Python's pickle format that a state dict needs. Nothing is ever called: classes are
//! names, and of calls only those that make tensors and dictionaries have a meaning.
//!
//! Objects stand in one list and refer to each other by their place in it, so that a pickle can
//! make no more of them than it has op-codes, however it copies and nests them.

pub(in crate::model::weights) mod tree;

use std::collections::{BTreeMap, HashMap};

/// No state dict has more objects.
const MOST_OBJECTS: usize = 2 << 20;

/// No type has a longer name.
const LONGEST_TYPE: usize = 100;

/// No storage has a longer key; they are numbers.
const LONGEST_KEY: usize = 100;

/// No weight has more dimensions.
const MOST_DIMENSIONS: usize = 8;

/// A tensor as the pickle describes it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::model::weights) struct TensorDescription {
    pub name: String,
    /// For example `FloatStorage`.
    pub storage_type: String,
    /// The key of the storage that holds it.
    pub storage: String,
    /// Elements before its first one.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// Where tools put the state dict in what they save besides: training states, settings. In order
/// of preference.
const STATE_DICTS: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];

/// A state dict may be so deep in what was saved.
const DEEPEST: usize = 4;

/// What a pickle holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub tensors: Vec<TensorDescription>,
    /// The type of every storage that anything in it refers to, by its key.
    pub storages: HashMap<String, String>,
    /// How many bytes the pickle has.
    pub length: usize,
}

/// Reads the state dict that `pickle` begins with.
///
/// # Errors
/// When it is no pickle, or holds something else; in one line.
pub(super) fn saved(pickle: &[u8]) -> Result<Saved, String> {
    let mut machine = Machine::new(pickle);
    let root = machine.run()?;
    let state_dict = machine.state_dict(root);
    let Object::Dict(entries) = machine.get(state_dict) else {
        return Err(machine.no_dictionary(root));
    };
    // As in Python, the last entry of a name counts; so no name is copied more often than it is
    // there.
    let mut by_name = BTreeMap::new();
    for &(name, value) in entries {
        if let (Object::Text(name), Object::Tensor(arguments)) =
            (machine.get(name), machine.get(value))
        {
            by_name.insert(name.as_str(), *arguments);
        }
    }
    let tensors = by_name.into_iter().map(|(name, arguments)| {
        let described = machine.describe(name, arguments);
        described.ok_or_else(|| format!("tensor {name:?} is described wrongly"))
    });
    Ok(Saved {
        tensors: tensors.collect::<Result<_, _>>()?,
        storages: machine.storages(),
        length: pickle.len() - machine.rest.len(),
    })
}

/// Passes over the object that `pickle` begins with; gives what follows it.
///
/// # Errors
/// When it is no pickle.
pub(super) fn skipped(pickle: &[u8]) -> Result<&[u8], String> {
    let mut machine = Machine::new(pickle);
    machine.run()?;
    Ok(machine.rest)
}

/// The list of texts that `pickle` begins with, and what follows it.
///
/// # Errors
/// When it is no pickle, or holds something else.
pub(super) fn texts(pickle: &[u8]) -> Result<(Vec<String>, &[u8]), String> {
    let mut machine = Machine::new(pickle);
    let root = machine.run()?;
    let Object::List(items) = machine.get(root) else {
        return Err("it holds no list of storages".into());
    };
    let texts = items.iter().map(|id| match machine.get(*id) {
        Object::Text(text) => Ok(text.clone()),
        _ => Err("a storage has no name".to_owned()),
    });
    Ok((texts.collect::<Result<_, _>>()?, machine.rest))
}

/// A place in the list of objects.
type Id = usize;

#[derive(Debug)]
enum Object {
    /// What has no meaning here.
    Other,
    Number(i64),
    Text(String),
    /// `module.name`.
    Class(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A persistent id: what it is made of.
    Persistent(Id),
    /// The arguments of `_rebuild_tensor_v2`.
    Tensor(Id),
    /// What some other call makes: what was called.
    Made(Id),
}

struct Machine<'a> {
    rest: &'a [u8],
    objects: Vec<Object>,
    stack: Vec<Id>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn new(pickle: &'a [u8]) -> Self {
        Self {
            rest: pickle,
            objects: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    /// Runs to the end; gives the object that is left.
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let code = self.byte()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), String> {
        match code {
            // The protocol, and the length of a frame.
            0x80 => self.skip(1),
            0x95 => self.skip(8),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.pop_to_mark().map(|_| ()),
            b'2' => {
                let id = self.stack.last().copied().ok_or(EMPTY)?;
                self.stack.push(id);
                Ok(())
            }
            b'N' | 0x88 | 0x89 | 0x8f => self.push(Object::Other),
            b'G' => self.skip(8).and_then(|()| self.push(Object::Other)),
            b'K' | b'M' | b'J' | 0x8a => self.number(code),
            b'X' | b'T' | b'U' | 0x8c => self.text(code),
            b'B' | b'C' | 0x8b | 0x8e => self.bytes(code),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Class(format!("{module}.{name}")))
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let class = match (self.get(module), self.get(name)) {
                    (Object::Text(module), Object::Text(name)) => format!("{module}.{name}"),
                    _ => return Err("a class has no name".into()),
                };
                self.push(Object::Class(class))
            }
            b')' => self.push(Object::Tuple(Vec::new())),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items))
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(code - 0x84))?;
                self.push(Object::Tuple(items))
            }
            b']' => self.push(Object::List(Vec::new())),
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' => self.pop_to_mark().and_then(|items| self.append(items)),
            b'}' => self.push(Object::Dict(Vec::new())),
            b's' => self.pop_many(2).and_then(|items| self.set(&items)),
            b'u' => self.pop_to_mark().and_then(|items| self.set(&items)),
            // The items of a set, and a frozen one.
            0x90 => self.pop_to_mark().map(|_| ()),
            0x91 => self.pop_to_mark().and_then(|_| self.push(Object::Other)),
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Object::List(items))
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Dict(Vec::new()))?;
                self.set(&items)
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Object::Persistent(id))
            }
            b'R' | 0x81 => self.call(),
            0x92 => self.pop().and_then(|_| self.call()),
            // The state of an object: attributes, which no tensor needs.
            b'b' => self.pop().map(|_| ()),
            b'q' | b'r' | 0x94 => self.remember(code),
            b'h' | b'j' => self.recall(code),
            _ => Err(format!("op-code {code:#04x} is not known")),
        }
    }

    fn number(&mut self, code: u8) -> Result<(), String> {
        let width = match code {
            b'K' => 1,
            b'M' => 2,
            b'J' => 4,
            _ => usize::from(self.byte()?),
        };
        let bytes = self.take(width)?;
        if width > 8 {
            return self.push(Object::Other);
        }
        let mut wide = [0; 8];
        // Numbers of four bytes and the long ones have a sign.
        let is_negative = width >= 4 && bytes.last().is_some_and(|byte| *byte >= 0x80)
            || code == 0x8a && bytes.last().is_some_and(|byte| *byte >= 0x80);
        if is_negative {
            wide = [0xff; 8];
        }
        for (to, from) in wide.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.push(Object::Number(i64::from_le_bytes(wide)))
    }

    /// Bytes, and numbers of more than 255 of them: of no interest.
    fn bytes(&mut self, code: u8) -> Result<(), String> {
        let length = match code {
            b'C' => usize::from(self.byte()?),
            0x8e => {
                let low = self.index()? as usize;
                let high = self.index()?;
                // Longer than anything that is read here.
                if high == 0 { low } else { usize::MAX }
            }
            _ => self.index()? as usize,
        };
        self.skip(length)?;
        self.push(Object::Other)
    }

    /// A text; Python 2 wrote those of `T` and `U`.
    fn text(&mut self, code: u8) -> Result<(), String> {
        let length = match code {
            b'X' | b'T' => self.index()? as usize,
            _ => usize::from(self.byte()?),
        };
        if matches!(code, b'T' | b'U') {
            // Of any bytes at all: they may be an array's.
            let text = String::from_utf8_lossy(self.take(length)?).into_owned();
            return self.push(Object::Text(text));
        }
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a name is no UTF-8".to_owned())?;
        self.push(Object::Text(text.to_owned()))
    }

    /// A function called with a tuple; only the ones that a state dict needs are known.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Object::Class(name) = self.get(callee) else {
            return self.push(Object::Other);
        };
        match (name.as_str(), self.get(arguments)) {
            ("collections.OrderedDict", _) => self.push(Object::Dict(Vec::new())),
            (
                "torch._utils._rebuild_tensor"
                | "torch._utils._rebuild_tensor_v2"
                | "torch._utils._rebuild_tensor_v3",
                _,
            ) => self.push(Object::Tensor(arguments)),
            // A parameter is its tensor.
            (
                "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state",
                Object::Tuple(items),
            ) => {
                let tensor = items.first().copied();
                self.stack.push(tensor.ok_or("a parameter has no tensor")?);
                Ok(())
            }
            // What it is named for, should it be all that there is.
            _ => self.push(Object::Made(callee)),
        }
    }

    /// The dictionary of tensors in `root`.
    fn state_dict(&self, root: Id) -> Id {
        let mut place = root;
        for _ in 0..DEEPEST {
            let Object::Dict(entries) = self.get(place) else {
                break;
            };
            let inner = STATE_DICTS.iter().find_map(|wanted| {
                let entry = entries.iter().rfind(|(name, value)| {
                    let is_named = matches!(self.get(*name), Object::Text(name) if name == wanted);
                    is_named && matches!(self.get(*value), Object::Dict(_))
                });
                entry.map(|(_, value)| *value)
            });
            match inner {
                Some(inner) => place = inner,
                None => break,
            }
        }
        place
    }

    /// Why what was saved is no state dict.
    fn no_dictionary(&self, root: Id) -> String {
        let class = match self.get(root) {
            Object::Made(callee) => self.get(*callee),
            _ => &Object::Other,
        };
        match class {
            Object::Class(name) => format!(
                "it holds a whole Python object of class {:?}; save its state_dict() instead",
                name.chars().take(100).collect::<String>()
            ),
            _ => "it holds no dictionary of tensors".into(),
        }
    }

    /// The type of every storage, by its key.
    fn storages(&self) -> HashMap<String, String> {
        let all = self.objects.iter().filter_map(|object| match object {
            Object::Persistent(id) => match self.tuple(*id)? {
                [_, kind, key, ..] => match (self.get(*kind), self.get(*key)) {
                    (Object::Class(kind), Object::Text(key)) if kind.len() <= LONGEST_TYPE => {
                        Some((key.clone(), bare(kind).to_owned()))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        all.collect()
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), String> {
        match self.top()? {
            Object::List(list) => list.extend(items),
            // As of a class that is a list.
            Object::Other | Object::Made(_) => {}
            _ => return Err("something is appended to what is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let pairs = items.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match self.top()? {
            Object::Dict(entries) => entries.extend(pairs),
            // The attributes of an object whose class is not known.
            Object::Other | Object::Made(_) => {}
            _ => return Err("an entry is set in what is no dictionary".into()),
        }
        Ok(())
    }

    fn remember(&mut self, code: u8) -> Result<(), String> {
        let key = match code {
            b'q' => u32::from(self.byte()?),
            b'r' => self.index()?,
            _ => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
        };
        let id = self.stack.last().copied().ok_or(EMPTY)?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn recall(&mut self, code: u8) -> Result<(), String> {
        let key = match code {
            b'h' => u32::from(self.byte()?),
            _ => self.index()?,
        };
        let id = self.memo.get(&key).copied();
        self.stack
            .push(id.ok_or("an object is used before it is made")?);
        Ok(())
    }

    /// The tensor that these arguments of `_rebuild_tensor_v2` make: persistent id of the storage,
    /// offset, shape, strides, and what is of no interest.
    fn describe(&self, name: &str, arguments: Id) -> Option<TensorDescription> {
        let [storage, offset, shape, strides, rest @ ..] = self.tuple(arguments)? else {
            return None;
        };
        let Object::Persistent(storage) = self.get(*storage) else {
            return None;
        };
        // The word `storage`, its type, its key, the device, the number of elements.
        let [_, kind, key, view @ ..] = self.tuple(*storage)? else {
            return None;
        };
        let (Object::Class(kind), Object::Text(key)) = (self.get(*kind), self.get(*key)) else {
            return None;
        };
        // Types without a storage type of their own are named behind the flag for gradients and
        // the hooks.
        let kind = match rest.get(2).map(|id| self.get(*id)) {
            Some(Object::Class(kind)) => kind,
            _ => kind,
        };
        // Until PyTorch 0.4 a storage could be a part of another one: its key, the elements
        // before it, and its own.
        let before = match view.get(2).map(|id| self.get(*id)) {
            Some(Object::Tuple(view)) => self.size(*view.get(1)?)?,
            _ => 0,
        };
        if kind.len() > LONGEST_TYPE || key.len() > LONGEST_KEY {
            return None;
        }
        Some(TensorDescription {
            name: name.to_owned(),
            storage_type: bare(kind).to_owned(),
            storage: key.clone(),
            offset: self.size(*offset)?.checked_add(before)?,
            shape: self.sizes(*shape)?,
            strides: self.sizes(*strides)?,
        })
    }

    fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let sizes = self
            .tuple(id)
            .filter(|sizes| sizes.len() <= MOST_DIMENSIONS)?;
        sizes.iter().map(|id| self.size(*id)).collect()
    }

    fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Object::Number(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    fn get(&self, id: Id) -> &Object {
        self.objects.get(id).unwrap_or(&Object::Other)
    }

    fn top(&mut self) -> Result<&mut Object, String> {
        let id = self.stack.last().copied().ok_or(EMPTY)?;
        self.objects.get_mut(id).ok_or_else(|| EMPTY.to_owned())
    }

    fn push(&mut self, object: Object) -> Result<(), String> {
        if self.objects.len() >= MOST_OBJECTS {
            return Err("it has more objects than any model".into());
        }
        self.stack.push(self.objects.len());
        self.objects.push(object);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(|| EMPTY.to_owned())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, String> {
        let start = self.stack.len().checked_sub(count).ok_or(EMPTY)?;
        Ok(self.stack.split_off(start))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let start = self.marks.pop().ok_or("a mark is missing")?;
        Ok(self.stack.split_off(start.min(self.stack.len())))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), String> {
        self.take(count).map(|_| ())
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn index(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u32::from(*byte)))
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.take(end.ok_or("it ends too early")?)?;
        self.skip(1)?;
        std::str::from_utf8(line).map_err(|_| "a name is no UTF-8".into())
    }
}

const EMPTY: &str = "an object is missing";

/// The name of a class of torch's without where it is from.
fn bare(class: &str) -> &str {
    class
        .strip_prefix("torch.storage.")
        .or_else(|| class.strip_prefix("torch."))
        .unwrap_or(class)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tensors(pickle: &[u8]) -> Result<Vec<TensorDescription>, String> {
        saved(pickle).map(|saved| saved.tensors)
    }

    const HEAD: &[u8] = b"\x80\x02}(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n";
    const STORAGE: &[u8] =
        b"((X\x07\0\0\0storagectorch\nHalfStorage\nX\x01\0\0\x007X\x03\0\0\0cpuK\x06tQ";

    fn pickle(rest: &[u8]) -> Vec<u8> {
        [HEAD, STORAGE, rest].concat()
    }

    #[test]
    fn a_tensor_is_what_the_call_that_makes_it_says() {
        let found = tensors(&pickle(b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89}tRu.")).unwrap();
        let expected = TensorDescription {
            name: "w".into(),
            storage_type: "HalfStorage".into(),
            storage: "7".into(),
            offset: 0,
            shape: vec![2, 3],
            strides: vec![3, 1],
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_state_dict_is_found_below_the_names_that_tools_give_it() {
        let plain = pickle(b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89}tRu.");
        let dict = &plain[2..plain.len() - 1];
        for name in ["state_dict", "model_state_dict", "model", "module"] {
            let mut nested = b"\x80\x02}(U".to_vec();
            nested.push(u8::try_from(name.len()).unwrap());
            nested.extend(name.bytes());
            nested.extend(dict);
            // Beside it a random state, which is a tensor too.
            nested.extend(b"X\x03\0\0\0rngctorch._utils\n_rebuild_tensor_v2\n");
            nested.extend(STORAGE);
            nested.extend(b"K\x00K\x02\x85K\x01\x85\x89}tRu.");
            assert_eq!(tensors(&nested), tensors(&plain), "{name}");
        }
    }

    #[test]
    fn a_storage_that_is_a_part_of_another_begins_where_that_part_does() {
        let storage: &[u8] =
            b"((U\x07storagectorch\nHalfStorage\nU\x017U\x03cpuK\x09(U\x018K\x03K\x06ttQ";
        let rest = b"K\x01K\x02\x85K\x01\x85\x89}tRu.";
        let found = tensors(&[HEAD, storage, rest].concat()).unwrap();
        assert_eq!(found[0].offset, 4);
    }

    #[test]
    fn an_object_of_another_class_is_named() {
        let error = tensors(b"\x80\x02cmodels\nNet\n)\x81}b.").unwrap_err();
        assert!(error.contains("\"models.Net\""), "{error}");
    }

    #[test]
    fn a_negative_size_is_refused() {
        let error = tensors(&pickle(b"K\x00J\xff\xff\xff\xff\x85K\x01\x85\x89}tRu."));
        assert_eq!(error.unwrap_err(), "tensor \"w\" is described wrongly");
    }

    #[test]
    fn a_pickle_that_doubles_itself_takes_no_more_than_its_own_size() {
        let mut bomb = b"\x80\x02)".to_vec();
        for _ in 0..200 {
            bomb.extend(b"q\x00h\x00\x86");
        }
        bomb.extend(b"0}.");
        assert_eq!(tensors(&bomb).unwrap(), []);
    }

    #[test]
    fn a_pickle_may_nest_as_deep_as_it_likes() {
        let mut deep = b"\x80\x02)".to_vec();
        deep.extend(std::iter::repeat_n(0x85, 500_000));
        deep.extend(b"0}.");
        assert_eq!(tensors(&deep).unwrap(), []);
    }

    #[test]
    fn an_object_that_is_no_state_dict_is_refused() {
        for (bytes, part) in [
            (&b"\x80\x02]."[..], "no dictionary"),
            (b"\x80\x02X\xff\xff\xff\xff", "ends too early"),
            (b"\x80\x02h\x05.", "before it is made"),
            (b"\x80\x02cos\nsystem\n", "ends too early"),
            (b"\x80\x02\xfe", "0xfe"),
            (b".", "missing"),
        ] {
            let error = tensors(bytes).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_call_of_anything_else_calls_nothing() {
        assert_eq!(
            tensors(b"\x80\x02}X\x01\0\0\0acos\nsystem\n)Rs.").unwrap(),
            []
        );
    }
}
