//! Vocabularies of tiktoken's kind (`tiktoken.model`, Mistral's `tekken.json`): tokens as bytes,
//! each with a rank. A word that is a token is one; else those two neighbours are joined, again and
//! again, that make the token of the lowest rank.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::added_token::TokenDeclaration;
use super::additions::MOST_SPECIAL;
use super::declared::Declarations;
use super::own_way::words;
use super::sentencepiece::MOST_WORK;
use super::{byte_level, special};

/// The tokens of a vocabulary and their ranks.
#[derive(Debug)]
pub(super) struct ByteRanks {
    /// In the order of the ranks, of which no two are the same.
    tokens: Vec<(Vec<u8>, u32)>,
}

/// A vocabulary of ranks, and what is done with it.
#[derive(Debug)]
pub(super) struct Ranked {
    pub ranks: ByteRanks,
    /// The expression that cuts a text into words.
    pub pattern: String,
    /// The special tokens in front of the others, by id: the ranks are counted from behind them.
    pub first: Vec<String>,
    /// The special tokens behind them.
    pub behind: Behind,
}

/// Which special tokens stand behind the last rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// None.
    Nothing,
    /// Those that the other files declare.
    Declared,
    /// This many, whether declared or not.
    Reserved(u64),
}

impl ByteRanks {
    /// The error is one line.
    pub(super) fn new(mut tokens: Vec<(Vec<u8>, u32)>) -> Result<Self, String> {
        if tokens.is_empty() {
            return Err("has no token".to_owned());
        }
        tokens.sort_unstable_by_key(|&(_, rank)| rank);
        let twice = tokens
            .windows(2)
            .find(|pair| matches!(pair, [(_, one), (_, other)] if one == other));
        if let Some([(_, rank), _]) = twice {
            return Err(format!("has two tokens of rank {rank}"));
        }
        let squares = tokens
            .iter()
            .map(|(token, _)| token.len().saturating_pow(2));
        if squares.fold(0, usize::saturating_add) > MOST_WORK {
            return Err("has tokens that are far too long".to_owned());
        }
        let ranks = Self { tokens };
        let by_token = ranks.by_token();
        if by_token.len() < ranks.tokens.len() {
            return Err("has a token twice".to_owned());
        }
        Ok(ranks)
    }

    /// The number of tokens.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    fn by_token(&self) -> HashMap<&[u8], u32> {
        let tokens = self.tokens.iter();
        tokens
            .map(|(token, rank)| (token.as_slice(), *rank))
            .collect()
    }

    /// Every way to make a token of two others, in the order of the ranks: of what is made, then of
    /// the left part.
    fn merges(&self) -> Merges {
        let ranks = self.by_token();
        let mut merges = Vec::new();
        for (token, _) in &self.tokens {
            let cuts = (1..token.len()).map(|at| token.split_at(at));
            let mut ways: Vec<_> = cuts
                .filter_map(|(left, right)| {
                    Some((ranks.get(left)?, ranks.get(right)?, left, right))
                })
                .collect();
            ways.sort_unstable();
            merges.extend(ways.into_iter().map(|(_, _, left, right)| {
                (byte_level::spelled(left), byte_level::spelled(right))
            }));
        }
        merges
    }
}

impl Ranked {
    /// The tokenizer, with the special tokens in front but no others yet.
    pub(super) fn build(&self) -> tokenizers::Result<Tokenizer> {
        let n_first = u32::try_from(self.first.len())?;
        let mut vocab = Vocab::default();
        for (token, rank) in &self.ranks.tokens {
            let id = rank
                .checked_add(n_first)
                .ok_or("has a rank that no vocabulary has")?;
            vocab.insert(byte_level::spelled(token), id);
        }
        for (id, token) in (0..).zip(&self.first) {
            vocab.insert(token.clone(), id);
        }
        let model = BPE::builder()
            .vocab_and_merges(vocab, self.ranks.merges())
            .ignore_merges(true)
            .build()?;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_pre_tokenizer(Some(words(&self.pattern, false)?));
        tokenizer.with_decoder(Some(ByteLevel::default()));
        let special = self.first.iter().map(|token| special::control(token));
        tokenizer.add_special_tokens(special.collect::<Vec<_>>())?;
        Ok(tokenizer)
    }

    /// The special tokens behind the last rank, in the order in which they get their ids. Those
    /// that a file declares with ids stand at them, with reserved ones between.
    pub(super) fn behind(&self, declared: &Declarations) -> tokenizers::Result<Vec<String>> {
        let from = self.ranks.len() as u64;
        let last = declared.by_id.keys().next_back().copied();
        let until = match self.behind {
            Behind::Nothing => return Ok(Vec::new()),
            Behind::Declared => last.map_or(from, |last| last.saturating_add(1)),
            Behind::Reserved(number) => from.saturating_add(number),
        };
        if until.saturating_sub(from) > MOST_SPECIAL as u64 {
            return Err("there are more added tokens than any model has".into());
        }
        let mut tokens: Vec<String> = (from..until)
            .map(|id| match declared.by_id.get(&id) {
                Some(token) => token.content.clone(),
                None => format!("<|reserved_token_{id}|>"),
            })
            .collect();
        if self.behind == Behind::Declared {
            let extra = declared
                .extra
                .iter()
                .flatten()
                .map(TokenDeclaration::content);
            let new: Vec<_> = extra
                .filter(|extra| !tokens.iter().any(|token| token == extra))
                .map(str::to_owned)
                .collect();
            tokens.extend(new);
        }
        Ok(tokens)
    }
}
