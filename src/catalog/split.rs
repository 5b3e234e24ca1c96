//! The names of the files that llama.cpp's splitter cuts a GGUF model into:
//! `NAME-00001-of-00003.gguf` and so on. The first one holds the metadata.

/// What the name of a part says: `NAME-00002-of-00003.gguf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardName<'a> {
    stem: &'a str,
    /// Which part it is, counted from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
}

impl<'a> ShardName<'a> {
    /// What `name`, with or without folders before it, says; `None` if it is of a whole model.
    #[must_use]
    pub fn of(name: &'a str) -> Option<Self> {
        let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let parse = |digits: &str| {
            let is_number = digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number)
        };
        let (number, count) = (parse(number)?, parse(count)?);
        (1 <= number && number <= count).then_some(Self {
            stem,
            number,
            count,
        })
    }

    /// The name of a part of the same model.
    #[must_use]
    pub fn name_of(&self, number: usize) -> String {
        format!("{}-{number:05}-of-{:05}.gguf", self.stem, self.count)
    }

    /// The name that the model would have in one piece.
    #[must_use]
    pub fn whole_name(&self) -> String {
        format!("{}.gguf", self.stem)
    }
}

/// The names of all files of the GGUF model that `name` is a file of, the first one first.
#[must_use]
pub fn parts(name: &str) -> Vec<String> {
    match ShardName::of(name) {
        Some(split) => (1..=split.count).map(|n| split.name_of(n)).collect(),
        None => vec![name.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_name_of_a_part_says_which_one_it_is() {
        let split = ShardName::of("sub/model-Q8_0-00002-of-00003.gguf").unwrap();
        assert_eq!((split.number, split.count), (2, 3));
        assert_eq!(split.name_of(1), "sub/model-Q8_0-00001-of-00003.gguf");
        assert_eq!(split.whole_name(), "sub/model-Q8_0.gguf");
    }

    #[test]
    fn other_names_are_of_whole_models() {
        for name in [
            "model.gguf",
            "model-1-of-3.gguf",
            "model-00004-of-00003.gguf",
            "model-00000-of-00003.gguf",
            "best-of-00003.gguf",
        ] {
            assert_eq!(ShardName::of(name), None, "{name}");
            assert_eq!(parts(name), [name]);
        }
    }

    #[test]
    fn any_part_names_all_of_them_the_first_one_first() {
        let all = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        assert_eq!(parts(all[0]), all);
        assert_eq!(parts(all[1]), all);
    }
}
