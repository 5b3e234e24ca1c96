//! The numbers in an escape sequence: `1;5:2` is the list of `1` and of `5` with `2` below it.

/// Numbers, each with those below it; what is left out is `None`.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameters(Vec<Vec<Option<u32>>>);

impl Parameters {
    /// Read what stands between `ESC [` and the last byte; `None` if that is not only numbers.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let numbers = text
            .split(';')
            .map(|group| group.split(':').map(number).collect())
            .collect::<Option<_>>()?;
        Some(Self(numbers))
    }

    /// How many there are, those left out included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The number at `at`.
    pub fn get(&self, at: usize) -> Option<u32> {
        self.below(at, 0)
    }

    /// The number at `place` among those of `at`, itself the first.
    pub fn below(&self, at: usize, place: usize) -> Option<u32> {
        *self.0.get(at)?.get(place)?
    }
}

/// A number, or `None` inside where it is left out.
fn number(text: &str) -> Option<Option<u32>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().map(Some)
}
