//! Tokenizers built from GGUF metadata.

use std::fs;

use candle_core::quantized::gguf_file::Value;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::trace::TokenId;
use lenscape::vocabulary::Piece;

use super::metadata::*;
use super::{fixture, golden_cases, ids};

#[test]
fn a_byte_level_file_gives_the_ids_of_the_tokenizer_it_was_made_from() {
    let tokenizer = Tokenizer::from_gguf(&byte_level()).unwrap();
    for case in golden_cases(&fixture("gpt2").join("golden.json")) {
        let encoded = tokenizer.encode(case["prompt"].as_str().unwrap()).unwrap();
        assert_eq!(encoded, ids(&case["prompt_ids"]));
    }
    assert!(!tokenizer.adds_bos());
    assert_eq!(tokenizer.end_of_text(), [TokenId(0)]);
}

#[test]
fn a_padded_row_is_unused() {
    let tokenizer = Tokenizer::from_gguf(&byte_level()).unwrap();
    let vocabulary = tokenizer.vocabulary(400);
    assert!(!vocabulary.is_unused(TokenId(383)));
    assert!((384..400).all(|id| vocabulary.is_unused(TokenId(id))));
}

#[test]
fn the_kinds_that_begin_with_bos_do_so_unless_the_file_says_otherwise() {
    let mut metadata = byte_level();
    set(&mut metadata, "pre", string("llama-bpe"));
    let first = |metadata: &Metadata| {
        let tokenizer = Tokenizer::from_gguf(metadata).unwrap();
        (
            tokenizer.adds_bos(),
            tokenizer.encode("The").unwrap()[0] == TokenId(0),
        )
    };
    assert_eq!(first(&metadata), (true, true));
    set(&mut metadata, "add_bos_token", Value::Bool(false));
    assert_eq!(first(&metadata), (false, false));
}

#[test]
fn bos_is_never_added_twice() {
    let mut metadata = byte_level();
    set(&mut metadata, "add_bos_token", Value::Bool(true));
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let plain = tokenizer.encode("The keys").unwrap();
    assert_eq!(tokenizer.encode("<|endoftext|>The keys").unwrap(), plain);
    assert_eq!(tokenizer.encode("").unwrap(), [TokenId(0)]);
    assert_eq!(tokenizer.encode("<|endoftext|>").unwrap(), [TokenId(0)]);
}

#[test]
fn eos_is_added_where_the_file_says_so() {
    let mut metadata = byte_level();
    set(&mut metadata, "add_eos_token", Value::Bool(true));
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert!(!tokenizer.adds_bos());
    assert_eq!(tokenizer.encode("The").unwrap().last(), Some(&TokenId(0)));
}

/// [`byte_level`] with other tokens at two ids, which no merge makes.
fn with_tokens(first: (usize, &str), second: (usize, &str)) -> Metadata {
    let mut metadata = byte_level();
    let Some(Value::Array(tokens)) = metadata.get_mut("tokenizer.ggml.tokens") else {
        panic!("no tokens");
    };
    for (id, token) in [first, second] {
        tokens[id] = string(token);
    }
    let merges = list(Vec::<&str>::new(), string);
    set(&mut metadata, "merges", merges);
    metadata
}

#[test]
fn tokens_that_end_a_turn_end_the_text_whatever_type_they_have() {
    let mut metadata = with_tokens((380, "<|im_end|>"), (381, "<my_end>"));
    let read = |metadata: &Metadata| Tokenizer::from_gguf(metadata).unwrap();
    let tokenizer = read(&metadata);
    assert_eq!(tokenizer.end_of_text(), [TokenId(0), TokenId(380)]);
    assert_eq!(tokenizer.encode("<|im_end|>").unwrap(), [TokenId(380)]);
    metadata.remove("tokenizer.ggml.token_type");
    assert_eq!(
        read(&metadata).encode("<|im_end|>").unwrap(),
        [TokenId(380)]
    );
    set(&mut metadata, "eot_token_id", Value::U32(381));
    assert_eq!(read(&metadata).end_of_text(), [0, 380, 381].map(TokenId));
}

#[test]
fn a_special_id_that_no_token_has_is_left_out_and_told() {
    for (key, id) in [
        ("bos_token_id", Value::U32(u32::MAX)),
        ("eos_token_id", Value::U32(385)),
        ("eot_token_id", Value::I32(-1)),
        ("eom_token_id", Value::U64(1 << 40)),
    ] {
        let mut metadata = byte_level();
        let plain = Tokenizer::from_gguf(&metadata).unwrap();
        assert_eq!(plain.notes(), [""; 0]);
        set(&mut metadata, key, id);
        let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
        let [note] = tokenizer.notes() else {
            panic!("{key}: {:?}", tokenizer.notes());
        };
        assert!(
            note.contains(&format!("tokenizer.ggml.{key} is ")),
            "{note}"
        );
        assert!(note.contains("only 385 tokens: it is left out"), "{note}");
        let encoded = tokenizer.encode("The keys").unwrap();
        assert_eq!(encoded, plain.encode("The keys").unwrap(), "{key}");
    }
}

#[test]
fn a_sentencepiece_file_without_usable_special_ids_has_those_of_sentencepiece() {
    let mut metadata = sentencepiece();
    for key in ["bos_token_id", "eos_token_id", "unknown_token_id"] {
        set(&mut metadata, key, Value::U32(u32::MAX));
    }
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert_eq!(tokenizer.encode("is").unwrap(), [TokenId(1), piece(1)]);
    assert_eq!(tokenizer.end_of_text(), [TokenId(2)]);
    assert_eq!(tokenizer.notes().len(), 3);
}

#[test]
fn a_bos_that_is_asked_for_but_not_there_is_the_one_that_llama_cpp_assumes() {
    let mut metadata = byte_level();
    metadata.remove("tokenizer.ggml.bos_token_id");
    set(&mut metadata, "add_bos_token", Value::Bool(true));
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert_eq!(tokenizer.encode("The").unwrap()[0], TokenId(11));
    assert!(tokenizer.notes()[0].contains("id 11 is taken for it"));
}

#[test]
fn a_file_that_does_not_say_how_text_is_cut_tells_that_its_ids_may_be_wrong() {
    let mut metadata = byte_level();
    metadata.remove("tokenizer.ggml.pre");
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let [note] = tokenizer.notes() else {
        panic!("{:?}", tokenizer.notes());
    };
    assert!(note.contains("no tokenizer.ggml.pre"), "{note}");
    assert!(note.contains("the ids may be wrong"), "{note}");
}

#[test]
fn merges_of_what_is_no_token_are_left_out_and_told() {
    let mut metadata = byte_level();
    let plain = Tokenizer::from_gguf(&metadata).unwrap();
    let Some(Value::Array(merges)) = metadata.get_mut("tokenizer.ggml.merges") else {
        panic!("no merges");
    };
    merges.insert(0, string("a zzz"));
    merges.insert(1, string("ab"));
    let n_merges = merges.len();
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let text = "The keys to the cabinet";
    assert_eq!(tokenizer.encode(text).unwrap(), plain.encode(text).unwrap());
    let expected = format!("2 of the {n_merges} merges");
    assert!(
        tokenizer.notes()[0].contains(&expected),
        "{:?}",
        tokenizer.notes()
    );
}

#[test]
fn lists_that_are_longer_than_the_vocabulary_are_read_as_far_as_it_goes() {
    let mut metadata = sentencepiece();
    for (key, value) in [
        ("token_type", Value::I32(NORMAL)),
        ("scores", Value::F32(0.0)),
    ] {
        let Some(Value::Array(items)) = metadata.get_mut(&format!("tokenizer.ggml.{key}")) else {
            panic!("no {key}");
        };
        items.push(value);
    }
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert_eq!(tokenizer.encode("is").unwrap(), [TokenId(1), piece(1)]);
}

#[test]
fn without_scores_what_stands_furthest_to_the_left_is_joined_first() {
    let mut metadata = sentencepiece();
    metadata.remove("tokenizer.ggml.scores");
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let bos = TokenId(1);
    assert_eq!(tokenizer.encode("is").unwrap(), [bos, piece(1)]);
    assert_eq!(tokenizer.encode("ais").unwrap(), [bos, piece(3), piece(2)]);
    // A control token in the text is joined with nothing.
    let ids = tokenizer.encode("a</s>is").unwrap();
    assert!(ids.contains(&TokenId(2)), "{ids:?}");
    let candidate = tokenizer.candidate("a", " is").unwrap();
    assert_eq!(candidate.tokens, [piece(1)]);
}

#[test]
fn a_user_defined_token_is_matched_whole_and_adds_its_text() {
    let mut metadata = sentencepiece();
    let Some(Value::Array(tokens)) = metadata.get_mut("tokenizer.ggml.tokens") else {
        panic!("no tokens");
    };
    let n_tokens = tokens.len() as u32;
    tokens.push(string("<think>"));
    for (key, value) in [
        ("token_type", Value::I32(USER_DEFINED)),
        ("scores", Value::F32(0.0)),
    ] {
        let Some(Value::Array(items)) = metadata.get_mut(&format!("tokenizer.ggml.{key}")) else {
            panic!("no {key}");
        };
        items.push(value);
    }
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let id = TokenId(n_tokens);
    assert!(tokenizer.encode("is<think>is").unwrap().contains(&id));
    let vocabulary = tokenizer.vocabulary(n_tokens as usize + 1);
    assert_eq!(*vocabulary.piece(id), Piece::Bytes(b"<think>".to_vec()));
}

#[test]
fn a_sentencepiece_file_opens_with_bos_and_a_space_and_falls_back_to_bytes() {
    let tokenizer = Tokenizer::from_gguf(&sentencepiece()).unwrap();
    assert_eq!(
        tokenizer.encode("is a").unwrap(),
        [TokenId(1), piece(1), piece(3)]
    );
    let euro = [0xE2, 0x82, 0xAC].map(|byte| TokenId(3 + byte));
    let expected = [&[TokenId(1), piece(4)][..], &euro].concat();
    assert_eq!(tokenizer.encode("€").unwrap(), expected);
    assert_eq!(tokenizer.encode("<s>is").unwrap(), [TokenId(1), piece(1)]);
    assert_eq!(tokenizer.end_of_text(), [TokenId(2)]);
}

#[test]
fn a_sentencepiece_vocabulary_knows_the_bytes_of_its_pieces() {
    let tokenizer = Tokenizer::from_gguf(&sentencepiece()).unwrap();
    let vocabulary = tokenizer.vocabulary(300);
    assert_eq!(vocabulary.bytes(piece(1)), b" is");
    assert_eq!(vocabulary.bytes(TokenId(3 + 0xE2)), b"\xE2");
    assert_eq!(
        *vocabulary.piece(TokenId(0)),
        Piece::Special("<unk>".into())
    );
    assert_eq!(vocabulary.label(piece(1)), "·is");
    assert_eq!(vocabulary.label(TokenId(3 + 0xE2)), "⟨E2⟩");
}

#[test]
fn gemma_merges_by_position_and_spells_runs_of_spaces_its_own_way() {
    let tokens = [
        "<pad>", "<eos>", "<bos>", "<unk>", "  ", "▁", "ab", "bc", "a", "b", "c",
    ];
    let kinds = [CONTROL, CONTROL, CONTROL, UNKNOWN, USER_DEFINED];
    let kinds = kinds.into_iter().chain(std::iter::repeat(NORMAL));
    let tokens: Vec<_> = tokens.into_iter().map(str::to_owned).zip(kinds).collect();
    let mut metadata = metadata("llama", &tokens);
    set(&mut metadata, "general.architecture", string("gemma2"));
    set(
        &mut metadata,
        "scores",
        list(&tokens, |_| Value::F32(-1000.0)),
    );
    set(&mut metadata, "add_space_prefix", Value::Bool(false));
    for (key, id) in [
        ("bos_token_id", 2),
        ("eos_token_id", 1),
        ("unknown_token_id", 3),
    ] {
        set(&mut metadata, key, Value::U32(id));
    }
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    let encoded = tokenizer.encode("abc  a").unwrap();
    assert_eq!(encoded, [2, 6, 10, 4, 8].map(TokenId));
    assert_eq!(tokenizer.vocabulary(11).bytes(TokenId(4)), b"  ");
}

#[test]
fn an_original_tokenizer_inside_the_file_is_used() {
    let mut metadata = byte_level();
    let json = fs::read_to_string(fixture("gpt2").join("tokenizer.json")).unwrap();
    set(&mut metadata, "tokenizer.huggingface.json", string(&json));
    set(&mut metadata, "pre", string("a split from the future"));
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(261)]);
    set(&mut metadata, "tokenizer.huggingface.json", string("{}"));
    let error = Tokenizer::from_gguf(&metadata).unwrap_err().to_string();
    assert!(error.contains("tokenizer.huggingface.json cannot be used"));
}

#[test]
fn a_tokenizer_json_beside_the_file_is_used_if_it_is_of_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.gguf");
    let mut metadata = byte_level();
    set(&mut metadata, "pre", string("a split from the future"));
    assert!(Tokenizer::from_gguf_file(&model, &metadata).is_err());

    let beside = folder.path().join("tokenizer.json");
    fs::copy(fixture("gpt2").join("tokenizer.json"), beside).unwrap();
    let tokenizer = Tokenizer::from_gguf_file(&model, &metadata).unwrap();
    assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(261)]);

    let other = Tokenizer::from_gguf_file(&model, &sentencepiece())
        .unwrap_err()
        .to_string();
    assert!(
        other.contains("tokenizer.json: is of another model: id 259"),
        "{other}"
    );
}
