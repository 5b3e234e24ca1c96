//! Hyperparameters of GGUF files that are lists of one value a layer.

use serde_json::Value;

use super::{Config, Dialect, Key};
use crate::model::ModelError;

/// GGUF's name for the number of layers.
const LAYERS: &str = "block_count";

/// GGUF's name for the width of the stream.
const WIDTH: &str = "embedding_length";

/// GGUF's name for the width of a head.
const HEAD_WIDTH: &str = "attention.key_length";

/// GGUF's names for what may differ from layer to layer.
const BY_LAYER: [&str; 3] = [
    "attention.head_count",
    "attention.head_count_kv",
    "feed_forward_length",
];

impl Config {
    /// The one value of a list with an entry a layer.
    pub(super) fn alike<'a>(
        &self,
        key: Key,
        entries: &'a [Value],
    ) -> Result<&'a Value, ModelError> {
        let layers = self.values.get(LAYERS).and_then(Value::as_u64);
        match entries.split_first() {
            Some(_) if layers.is_some_and(|layers| layers != entries.len() as u64) => {
                let reason = format!(
                    "lists {} values, but the model has {} layers",
                    entries.len(),
                    layers.unwrap_or_default()
                );
                Err(self.complain(key, &reason))
            }
            Some((first, rest)) if rest.iter().all(|entry| entry == first) => Ok(first),
            Some(_) => Err(self.complain(
                key,
                "differs from layer to layer, which is not supported for this architecture",
            )),
            None => Err(self.complain(key, "is an empty list")),
        }
    }

    /// The same with the values of layer `l` in place of the lists that have an entry a layer:
    /// heads, key heads and the width of the feed-forward part, as llama.cpp reads them for every
    /// architecture. `None` where there is no such list, or its entries are all the same.
    #[must_use]
    pub fn of_layer(&self, l: usize) -> Option<Self> {
        let lists = BY_LAYER.iter().filter_map(|key| {
            let entries = self.values.get(*key)?.as_array()?;
            let differ = entries.windows(2).any(|two| two[0] != two[1]);
            let whole = self.values.get(LAYERS)?.as_u64() == Some(entries.len() as u64);
            let entry = entries.get(l).filter(|_| differ && whole)?;
            Some(((*key).to_owned(), entry.clone()))
        });
        let own: Vec<(String, Value)> = lists.collect();
        (self.dialect == Dialect::Gguf && !own.is_empty()).then(|| {
            let mut layer = self.clone();
            layer.values.extend(own);
            // As in llama.cpp, where the first layer's heads say how wide all heads are.
            if let Some(width) = self.head_width() {
                layer.values.entry(HEAD_WIDTH.into()).or_insert(width);
            }
            layer
        })
    }

    /// How wide a head of the first layer is, in a list of heads an entry a layer.
    fn head_width(&self) -> Option<Value> {
        let heads = self.values.get(BY_LAYER[0])?.as_array()?.first()?.as_u64();
        let (heads, width) = (heads?, self.values.get(WIDTH)?.as_u64()?);
        let divides = heads > 0 && width.is_multiple_of(heads);
        divides.then(|| (width / heads).into())
    }
}
