//! One value a sum inside a block.

use super::Row;

/// One value a [row inside a block](Row::Inside), in the order of the stream; none at all where
/// those rows were not asked for, and where the lens says nothing of them.
#[derive(Clone, Debug, PartialEq)]
pub struct BySum<T>(Vec<(Row, T)>);

impl<T> BySum<T> {
    /// The value of a row, if it has one.
    #[must_use]
    pub fn get(&self, row: Row) -> Option<&T> {
        let at = self.0.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// The values, each with its row.
    pub fn iter(&self) -> impl Iterator<Item = (Row, &T)> {
        self.0.iter().map(|(row, value)| (*row, value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for BySum<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<(Row, T)> for BySum<T> {
    fn from_iter<I: IntoIterator<Item = (Row, T)>>(values: I) -> Self {
        let mut values: Vec<(Row, T)> = values.into_iter().collect();
        values.sort_by_key(|(row, _)| *row);
        Self(values)
    }
}
