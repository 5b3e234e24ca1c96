//! One value a layer, where a lens may leave layers without one.

use std::ops::Index;

/// One value a layer, layer 0 first. A layer that the lens says nothing of has none.
#[derive(Clone, Debug, PartialEq)]
pub struct ByLayer<T>(Vec<Option<T>>);

impl<T> ByLayer<T> {
    /// How many layers there are, with a value or without.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no layers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a layer, if it has one.
    #[must_use]
    pub fn get(&self, layer: usize) -> Option<&T> {
        self.0.get(layer)?.as_ref()
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, layer: usize) -> Option<&mut T> {
        self.0.get_mut(layer)?.as_mut()
    }

    /// The value of the last layer, which under every lens is the model's own.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.last()?.as_ref()
    }

    /// Every layer's value, or that it has none.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Option<&T>> + ExactSizeIterator + Clone {
        self.0.iter().map(Option::as_ref)
    }

    /// The values that there are.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }
}

impl<T> From<Vec<T>> for ByLayer<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values.into_iter().map(Some).collect())
    }
}

impl<T, const N: usize> From<[T; N]> for ByLayer<T> {
    fn from(values: [T; N]) -> Self {
        Self(values.into_iter().map(Some).collect())
    }
}

impl<T> FromIterator<Option<T>> for ByLayer<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> FromIterator<T> for ByLayer<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(Some).collect())
    }
}

/// For tests, which know that the layer has a value.
impl<T> Index<usize> for ByLayer<T> {
    type Output = T;

    #[expect(clippy::panic, reason = "as of a slice")]
    fn index(&self, layer: usize) -> &T {
        match self.get(layer) {
            Some(value) => value,
            None => panic!("layer {layer} has no value"),
        }
    }
}

/// As [`Index`].
impl<T> std::ops::IndexMut<usize> for ByLayer<T> {
    #[expect(clippy::panic, reason = "as of a slice")]
    fn index_mut(&mut self, layer: usize) -> &mut T {
        match self.get_mut(layer) {
            Some(value) => value,
            None => panic!("layer {layer} has no value"),
        }
    }
}
