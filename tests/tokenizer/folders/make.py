#!/usr/bin/env python3
"""Writes cases.json: small model folders, and the ids that transformers gives to texts in them.

    python make.py

Needs transformers 5, sentencepiece and protobuf. Every folder is `base`, one of BASES, with the
files of `files` over it (null takes one away); a file is text, or bytes in base64."""
import base64, json, pathlib, tempfile
from transformers import AutoTokenizer
from transformers.convert_slow_tokenizer import import_protobuf

pb = import_protobuf()

HERE = pathlib.Path(__file__).resolve().parent
LLAMA = {"model_type": "llama"}

# Vocabularies of letters, spaces and a few merges: byte-level, and in SentencePiece's spelling.
LETTERS = "abcdefghijklmnopqrstuvwxyzTL<>|_.,0123456789ĠĊÃ©"
MERGES = ["t h", "th e", "Ġ the", "Ġ t", "Ġt h", "l a", "y e", "la ye", "Ġ a", "Ġa n", "e r"]
VOCAB = ["<|endoftext|>", "<s>", *LETTERS, "th", "the", "Ġthe", "Ġt", "Ġth", "la", "ye", "laye", "Ġa", "Ġan", "er"]
SPELLED = "abcdefghijklmnopqrstuvwxyzTL<>|_.,0123456789"
SPM_MERGES = ["t h", "th e", "▁ the", "▁ t", "l a", "y e", "la ye", "▁ a", "▁a n", "e r"]
SPM_VOCAB = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in (0xC3, 0xA9, 0x0A)), "▁", *SPELLED,
             "th", "the", "▁the", "▁t", "la", "ye", "laye", "▁a", "▁an", "er"]


def token(content, id=None, **flags):
    plain = {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return ({"id": id} if id is not None else {}) | plain | flags


def byte_level(template=True, added=None, **more):
    ids = {t: i for i, t in enumerate(VOCAB)}
    around = {"type": "TemplateProcessing",
              "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
              "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [token("<|endoftext|>", 0), token("<s>", 1)] if added is None else added,
            "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "post_processor": around if template else None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": ids, "merges": [m.split(" ") for m in MERGES]}} | more


def spelled(template=True, **more):
    json_ = byte_level(template, [token("<unk>", 0), token("<s>", 1), token("</s>", 2)])
    json_["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    json_["pre_tokenizer"] = None
    json_["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    json_["model"] |= {"vocab": {t: i for i, t in enumerate(SPM_VOCAB)}, "merges": [m.split(" ") for m in SPM_MERGES],
                       "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    return json_ | more


def text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def spm(pieces, kind, charsmap=b"", **settings):
    """A SentencePiece model; `pieces` are texts, or (text, score, type)."""
    model = pb.ModelProto()
    for i, piece in enumerate(pieces):
        content, score, type_ = piece if isinstance(piece, tuple) else (piece, -float(i), 1)
        model.pieces.add(piece=content, score=score, type=type_)
    model.trainer_spec.model_type = kind
    for key, value in settings.items():
        spec = model.normalizer_spec if hasattr(model.normalizer_spec, key) else model.trainer_spec
        setattr(spec, key, value)
    model.normalizer_spec.precompiled_charsmap = charsmap
    return {"base64": base64.b64encode(model.SerializeToString()).decode()}


SPM_PIECES = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3),
              *((f"<0x{i:02X}>", 0.0, 6) for i in (0xC3, 0xA9, 0x0A)), "▁the", "the", "th", "▁t", "laye", "la", "ye", "▁a", "▁an", "er",
              "▁", *SPELLED]
USER = SPM_PIECES[:3] + [("<think>", 0.0, 4), ("ther", 0.0, 4), ("▁▁▁", 0.0, 4)] + SPM_PIECES[3:]
UNIGRAM = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("▁the", -2.0, 1), ("▁", -3.0, 1), ("laye", -3.5, 1), ("er", -3.0, 1),
           ("the", -3.2, 1), ("▁a", -2.5, 1), *((c, -5.0 - i / 16, 1) for i, c in enumerate(SPELLED))]
UNIGRAM_BYTES = UNIGRAM[:3] + [(f"<0x{i:02X}>", 0.0, 6) for i in (0xC3, 0xA9, 0x0A)] + UNIGRAM[3:]
T5 = [("<pad>", 0.0, 3), ("</s>", 0.0, 3), ("<unk>", 0.0, 2), *UNIGRAM[3:]]
GEMMA = [("<pad>", 0.0, 3), ("<eos>", 0.0, 3), ("<bos>", 0.0, 3), ("<unk>", 0.0, 2), ("<mask>", 0.0, 4), *SPM_PIECES[3:]]

# Ranks as tiktoken has them; " layer" and "xyz" are reached by no merge, and " the" by two.
RANKS = [*(bytes([i]) for i in range(256)), b"th", b"the", b" t", b" the", b" th", b"la", b"ye", b"laye", b"er", "é".encode(), b" <", b"12",
         b"yer", b" layer", b"xyz"]
B64 = lambda data: base64.b64encode(data).decode()
SPECIALS = ["<unk>", "<s>", "</s>", "<think>", "<x>"]
PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def tekken(specials=SPECIALS, n_special=8, padding=3, **config):
    tokens = RANKS + [b"padding %d" % i for i in range(padding)]
    return {"config": {"pattern": PATTERN, "num_vocab_tokens": len(tokens), "default_vocab_size": len(RANKS) + n_special,
                       "default_num_special_tokens": n_special, "version": "v11"} | config,
            "vocab": [{"rank": i, "token_bytes": B64(t), "token_str": None} for i, t in enumerate(tokens)],
            "special_tokens": [{"rank": i, "token_str": t, "is_control": True} for i, t in enumerate(specials)]}


TIKTOKEN = "".join(f"{B64(token)} {i}\n" for i, token in enumerate(RANKS))
MERGED = {"vocab.json": {t: i for i, t in enumerate(VOCAB)}, "merges.txt": "#version: 0.2\n" + "\n".join(MERGES) + "\n"}
BASES = {
    "byte-level": {"config.json": LLAMA, "tokenizer.json": byte_level()},
    "bare": {"config.json": LLAMA, "tokenizer.json": byte_level(template=False)},
    "spelled": {"config.json": LLAMA, "tokenizer.json": spelled()},
    "merges": {"config.json": LLAMA, **MERGED},
    "bpe-model": {"config.json": LLAMA, "tokenizer.model": spm(SPM_PIECES, 2, byte_fallback=True)},
    "user-model": {"config.json": LLAMA, "tokenizer.model": spm(USER, 2, byte_fallback=True)},
    "unigram-model": {"config.json": LLAMA, "tokenizer.model": spm(UNIGRAM, 1)},
    "tekken": {"config.json": {"model_type": "mistral"}, "tekken.json": tekken()},
    "tiktoken": {"config.json": LLAMA, "tiktoken.model": TIKTOKEN},
}
SPACES = ["the layer", " the  layer ", "a<s>the", "the<think> a</s> b", "a the\nthe", "é the", "▁the", ""]
TEXTS = ["the layer", " the <think> a<|im_end|>b", "<s>the<|endoftext|>", "a <x>  the<x>the", "<image><audio>", "é\n12 the", ""]


def cases():
    generic, gpt2, neox, qwen, llama = ({"tokenizer_class": name} for name in (
        "PreTrainedTokenizerFast", "GPT2Tokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer", "LlamaTokenizer"))
    think, end = token("<think>", special=False), token("<|im_end|>")
    n = len(VOCAB)

    def config(*parts, **more):
        return {"tokenizer_config.json": {k: v for part in parts for k, v in part.items()} | more}

    # Added tokens, and the ids that they get.
    yield "decoder", "byte-level", config(generic, added_tokens_decoder={str(n): think, str(n + 1): end})
    yield "decoder-out-of-order", "byte-level", config(generic, added_tokens_decoder={str(n + 1): end, str(n): think})
    yield "decoder-with-gaps", "byte-level", config(generic, added_tokens_decoder={str(n + 9): think, str(n + 3): end})
    yield "decoder-flags", "byte-level", config(generic, added_tokens_decoder={
        str(n): token("<x>", lstrip=True, rstrip=True), str(n + 1): token("the", single_word=True, special=False)})
    yield "decoder-normalized", "byte-level", config(generic, added_tokens_decoder={str(n): token("<x>", normalized=True, special=False)})
    yield "decoder-of-a-known-token", "byte-level", config(generic, added_tokens_decoder={"60": token("laye", special=False)})
    yield "decoder-over-the-map", "byte-level", config(generic, added_tokens_decoder={str(n): think}) | {
        "special_tokens_map.json": {"eos_token": "<|im_end|>"}}
    yield "decoder-goes-over-added-of-json", "byte-level", config(gpt2, added_tokens_decoder={str(n): think})
    yield "role-in-the-decoder", "byte-level", config(generic, eos_token="<x>", added_tokens_decoder={str(n): token("<x>", rstrip=True, special=False)})
    yield "roles", "byte-level", config(generic, pad_token="<x>", bos_token="<think>", unk_token="<image>", eos_token="<|im_end|>")
    yield "own-roles", "byte-level", config(generic, image_token="<image>", audio_token="<audio>", eos_token="<x>")
    yield "extra-list", "byte-level", config(generic, extra_special_tokens=["<x>", "<think>"])
    yield "extra-object", "byte-level", config(generic, extra_special_tokens={"image_token": "<image>", "audio_token": "<audio>"})
    yield "additional", "byte-level", config(generic, additional_special_tokens=["<think>", "<|im_end|>", "<x>"])
    yield "additional-flagged", "byte-level", config(generic, additional_special_tokens=[{"__type": "AddedToken", **token("<x>", lstrip=True)}])
    yield "additional-and-extra", "byte-level", config(generic, additional_special_tokens=["<think>"], extra_special_tokens=["<x>"])
    yield "map", "byte-level", config(generic, eos_token="<x>") | {"special_tokens_map.json": {
        "eos_token": {**{k: v for k, v in token("<|im_end|>", lstrip=True).items() if k != "special"}},
        "pad_token": "<think>", "additional_special_tokens": ["<image>", "<audio>"]}}
    yield "map-of-own-roles", "byte-level", config(generic) | {"special_tokens_map.json": {
        "image_token": "<image>", "audio_token": {"content": "<audio>", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}}}
    yield "map-extra", "byte-level", config(generic, extra_special_tokens=["<x>"]) | {"special_tokens_map.json": {"extra_special_tokens": ["<x>", "<think>"]}}
    yield "added-json", "byte-level", config(generic) | {"added_tokens.json": {"<|im_end|>": n + 1, "<think>": n}}
    yield "split-special", "byte-level", config(generic, split_special_tokens=True)
    yield "no-config", "byte-level", {}
    # A tokenizer.json at odds with itself, or that changes the text before it is cut.
    gap = byte_level(added=[token("<|endoftext|>", 0), token("<s>", 1), token("<x>", n + 4), token("<think>", n + 9)])
    yield "json-with-gaps", "byte-level", {"tokenizer.json": gap}
    yield "json-with-gaps-and-decoder", "byte-level", {"tokenizer.json": gap, **config(generic, added_tokens_decoder={str(n + 9): think, str(n + 20): end})}
    yield "json-with-gaps-own-way", "byte-level", {"tokenizer.json": gap, **config(qwen)}
    hole = byte_level()
    hole["model"]["vocab"] = {t: i + (8 if i > 40 else 0) for t, i in hole["model"]["vocab"].items()}
    yield "vocabulary-with-a-hole", "byte-level", {"tokenizer.json": hole, **config(generic, added_tokens_decoder={"42": think, "43": end})}
    wrong = byte_level(added=[token("<|endoftext|>", 5), token("laye", 3), token("<s>", 1)])
    yield "json-with-wrong-ids", "byte-level", {"tokenizer.json": wrong}
    lower = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}
    yield "normalized-tokens", "byte-level", {"tokenizer.json": byte_level(normalizer=lower), **config(generic, added_tokens_decoder={
        str(n): token("<X>", normalized=True, special=False), str(n + 1): token("<THINK>", normalized=True, special=False), str(n + 2): token("THE", single_word=True, normalized=True)})}
    yield "normalized-added-json", "byte-level", {"tokenizer.json": byte_level(normalizer=lower), **config(generic, eos_token="<AUDIO>"), "added_tokens.json": {"<X>": n, "<AUDIO>": n + 1}}
    yield "map-with-null", "byte-level", config(gpt2, eos_token="<x>", pad_token="<think>") | {"special_tokens_map.json": {"eos_token": None, "unk_token": "<image>"}}
    yield "null-roles", "byte-level", config(gpt2, eos_token=None, bos_token=None, unk_token=None)
    yield "absent-bos-around", "bare", config(neox, bos_token="<x>", add_bos_token=True)
    yield "class-in-config", "byte-level", {"config.json": LLAMA | {"tokenizer_class": "GPTNeoXTokenizer"}, **config(add_bos_token=True)}
    yield "phi3-like", "spelled", {"config.json": {"model_type": "phi3"}, **config(llama, add_bos_token=False, legacy=False, added_tokens_decoder={
        str(len(SPM_VOCAB)): token("<think>", rstrip=True), str(len(SPM_VOCAB) + 1): token("b", special=False)}, additional_special_tokens=["<think>"])}
    yield "auto-map", "byte-level", config(llama, auto_map={"AutoTokenizer": [None, None]})
    for kind in (gpt2, neox, qwen, {"tokenizer_class": "CohereTokenizer"}, {"tokenizer_class": "CodeGenTokenizer"}):
        name = kind["tokenizer_class"]
        yield f"{name}-all", "byte-level", config(kind, pad_token="<x>", image_token="<image>", added_tokens_decoder={
            "0": token("<|endoftext|>", normalized=True), str(n + 3): think, str(n + 1): end}, additional_special_tokens=["<audio>", "<|im_end|>"], add_bos_token=True)
        yield f"{name}-map", "byte-level", config(kind) | {"special_tokens_map.json": {"pad_token": {k: v for k, v in token("<x>", lstrip=True, rstrip=True).items() if k != "special"},
            "additional_special_tokens": ["<audio>", "<image>"]}, "added_tokens.json": {"<think>": n, "<|im_end|>": n + 1}}
    unigram = byte_level(added=[token("<unk>", 0)], template=False)
    unigram["model"] = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [[p[0], p[1]] for p in UNIGRAM]}
    unigram["pre_tokenizer"] = unigram["decoder"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    yield "unigram-json", "spelled", {"tokenizer.json": unigram, **config(generic, eos_token="<think>")}
    t5 = json.loads(json.dumps(unigram))
    t5["model"]["vocab"] = [[p[0], p[1]] for p in T5]
    t5["model"]["unk_id"] = 2
    t5["added_tokens"] = [token("<pad>", 0), token("</s>", 1), token("<unk>", 2)]
    yield "t5-json", "spelled", {"tokenizer.json": t5, **config({"tokenizer_class": "T5Tokenizer"})}
    yield "unknown-class", "byte-level", config({"tokenizer_class": "NoSuchTokenizer"}, eos_token="<x>")
    # What is put around a text.
    for name, kind in (("generic", generic), ("gpt2", gpt2), ("neox", neox), ("qwen2", qwen), ("llama", llama),
                       ("codegen", {"tokenizer_class": "CodeGenTokenizer"}), ("cohere", {"tokenizer_class": "CohereTokenizer"})):
        for add in (True, False):
            yield f"{name}-add-bos-{add}", "byte-level", config(kind, bos_token="<s>", eos_token="<|endoftext|>", add_bos_token=add)
        yield f"{name}-bare-add-bos", "bare", config(kind, bos_token="<s>", eos_token="<|endoftext|>", add_bos_token=True, add_eos_token=True)
        yield f"{name}-add-prefix-space", "byte-level", config(kind, add_prefix_space=True)
    for name, kind in (("llama", llama), ("fast", {"tokenizer_class": "LlamaTokenizerFast"}), ("generic", generic), ("code", {"tokenizer_class": "CodeLlamaTokenizer"}),
                       ("gemma", {"tokenizer_class": "GemmaTokenizer"})):
        yield f"spelled-{name}", "spelled", config(kind)
        yield f"spelled-{name}-legacy", "spelled", config(kind, legacy=True, add_bos_token=False)
        yield f"spelled-{name}-no-prefix", "spelled", config(kind, add_prefix_space=False, add_bos_token=True, add_eos_token=True)
    # The class where the files name none, or a wrong one.
    for model_type in ("gpt2", "gpt_neox", "qwen2", "qwen3", "mistral", "phi3", "gemma2", "cohere", "olmo2", "opt", "bloom", "falcon", "stablelm"):
        yield f"type-{model_type}", "byte-level", {"config.json": {"model_type": model_type}}
        yield f"type-{model_type}-llama", "byte-level", {"config.json": {"model_type": model_type}, **config(llama)}
        yield f"type-{model_type}-spelled", "spelled", {"config.json": {"model_type": model_type}, **config(llama)}
    # vocab.json and merges.txt.
    for name, kind in (("gpt2", gpt2), ("neox", neox), ("qwen2", qwen), ("codegen", {"tokenizer_class": "CodeGenTokenizer"})):
        yield f"merges-{name}", "merges", config(kind)
        yield f"merges-{name}-around", "merges", config(kind, bos_token="<s>", add_bos_token=True, add_eos_token=True, add_prefix_space=True)
        yield f"merges-{name}-added", "merges", config(kind, eos_token="<|im_end|>") | {"added_tokens.json": {"<|im_end|>": n + 1, "<think>": n}}
        yield f"merges-{name}-added-gap", "merges", config(kind) | {"added_tokens.json": {"<x>": n + 7, "<think>": n + 2}}
    yield "merges-roles", "merges", config(gpt2, pad_token={"__type": "AddedToken", **token("<x>", rstrip=True)}, bos_token=None)
    # SentencePiece models.
    for base in ("bpe-model", "user-model", "unigram-model"):
        for name, kind in (("none", {}), ("generic", generic), ("llama", llama), ("gemma", {"tokenizer_class": "GemmaTokenizer"})):
            if base == "unigram-model" and name == "gemma":
                continue
            yield f"{base}-{name}", base, config(kind)
            yield f"{base}-{name}-around", base, config(kind, add_bos_token=True, add_eos_token=True, legacy=name == "llama")
            yield f"{base}-{name}-added", base, config(kind, added_tokens_decoder={
                "0": token("<unk>"), "1": token("<s>"), "2": token("</s>"), "900": think, "901": token("<x>", lstrip=True)}, additional_special_tokens=["<|im_end|>"])
        yield f"{base}-mistral", base, {"config.json": {"model_type": "mistral"}, **config(llama, add_bos_token=True)}
        yield f"{base}-added-json", base, config(llama) | {"added_tokens.json": {"<x>": 901, "<think>": 900}}
    yield "model-no-dummy-prefix", "bpe-model", {"tokenizer.model": spm(SPM_PIECES, 2, byte_fallback=True, add_dummy_prefix=False)}
    yield "model-keeps-spaces", "bpe-model", {"tokenizer.model": spm(SPM_PIECES, 2, byte_fallback=True, remove_extra_whitespaces=False)}
    yield "model-no-escape", "bpe-model", {"tokenizer.model": spm(SPM_PIECES, 2, byte_fallback=True, escape_whitespaces=False)}
    yield "model-without-bytes", "bpe-model", {"tokenizer.model": spm(SPM_PIECES[:3] + SPM_PIECES[6:], 2)}
    yield "model-with-equal-scores", "bpe-model", {"tokenizer.model": spm([p if isinstance(p, tuple) else (p, -1.0, 1) for p in SPM_PIECES], 2, byte_fallback=True)}
    yield "model-renamed", "bpe-model", config(generic, added_tokens_decoder={"2": token("<|im_end|>"), "1": token("<s>")})
    yield "model-no-bos", "bpe-model", {"tokenizer.model": spm(SPM_PIECES, 2, byte_fallback=True, bos_id=-1)} | config(add_bos_token=True)
    yield "model-own-pieces", "bpe-model", {"tokenizer.model": spm([("[u]", 0.0, 2), ("[b]", 0.0, 3), ("[e]", 0.0, 3), *SPM_PIECES[3:]], 2, byte_fallback=True,
        unk_piece="[u]", bos_piece="[b]", eos_piece="[e]")} | config(add_bos_token=True, add_eos_token=True)
    yield "unigram-bytes", "unigram-model", {"tokenizer.model": spm(UNIGRAM_BYTES, 1, byte_fallback=True)}
    yield "gemma-model", "bpe-model", {"config.json": {"model_type": "gemma2"}, "tokenizer.model": spm(
        GEMMA, 2, byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        unk_piece="<unk>", bos_piece="<bos>", eos_piece="<eos>")} | config({"tokenizer_class": "GemmaTokenizer"}, add_bos_token=True)
    yield "t5-model", "unigram-model", {"tokenizer.model": None, "spiece.model": spm(T5, 1, unk_id=2, bos_id=-1, eos_id=1, pad_id=0)} | config({"tokenizer_class": "T5Tokenizer"})
    # Ranks.
    r = len(RANKS)
    yield "tekken", "tekken", {}
    yield "tekken-around", "tekken", config(generic, bos_token="<s>", eos_token="</s>", add_bos_token=True, add_eos_token=True)
    yield "tekken-llama", "tekken", config(llama)
    yield "tekken-roles", "tekken", config(generic, pad_token="<image>", eos_token="</s>", additional_special_tokens=["<audio>", "<think>"])
    yield "tekken-decoder", "tekken", config(generic, added_tokens_decoder={"3": think, str(r + 8): end, str(r + 10): token("<audio>")})
    yield "tekken-filler", "tekken", {"tekken.json": tekken(SPECIALS + ["<|im_end|>"], 12, 0)}
    unsized = tekken(padding=2)
    del unsized["config"]["default_vocab_size"], unsized["config"]["default_num_special_tokens"]
    yield "tekken-unsized", "tekken", {"tekken.json": unsized}
    shuffled = tekken()
    shuffled["special_tokens"].reverse()
    yield "tekken-shuffled", "tekken", {"tekken.json": shuffled}
    yield "tiktoken", "tiktoken", {}
    yield "tiktoken-generic", "tiktoken", config(generic)
    yield "tiktoken-decoder", "tiktoken", config(generic, added_tokens_decoder={str(r): token("<s>"), str(r + 1): think, str(r + 2): end}, bos_token="<s>")
    yield "tiktoken-gaps", "tiktoken", config(generic, added_tokens_decoder={str(r + 7): end, str(r + 2): think}, eos_token="<|im_end|>")
    yield "tiktoken-extra", "tiktoken", config(generic, added_tokens_decoder={str(r + 3): end}, extra_special_tokens=["<x>", "<|im_end|>"], pad_token="<image>")
    yield "tiktoken-additional", "tiktoken", config(generic, added_tokens_decoder={str(r + 3): end}, additional_special_tokens=["<x>", "<audio>"], pad_token="<image>")
    yield "tiktoken-extra-alone", "tiktoken", config(generic, extra_special_tokens=["<x>", "<audio>"], pad_token="<image>")
    yield "tiktoken-additional-alone", "tiktoken", config(generic, additional_special_tokens=["<x>", "<audio>"], pad_token="<image>")
    yield "tiktoken-around", "tiktoken", config(generic, added_tokens_decoder={str(r): token("<s>")}, bos_token="<s>", add_bos_token=True)
    yield "tiktoken-known-token", "tiktoken", config(generic, added_tokens_decoder={"257": token("the", special=False), str(r): end})
    yield "tiktoken-added-json", "tiktoken", config(generic) | {"added_tokens.json": {"<x>": r + 3, "<think>": r + 1}}
    yield "tiktoken-as-tokenizer-model", "tiktoken", {"tiktoken.model": None, "tokenizer.model": TIKTOKEN, **config(generic, added_tokens_decoder={str(r + 2): end})}
    charsmap = charsmap_of("é\te\nＡ\tthe\n")
    if charsmap:
        yield "model-charsmap", "bpe-model", {"tokenizer.model": spm(SPM_PIECES, 2, charsmap, byte_fallback=True)}
        yield "unigram-charsmap", "unigram-model", {"tokenizer.model": spm(UNIGRAM, 1, charsmap)}


def charsmap_of(rules):
    """What SentencePiece compiles rules of one text a line to."""
    import sentencepiece
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lines = (line.split("\t") for line in rules.splitlines())
        code = lambda text: " ".join(f"{ord(c):X}" for c in text)
        (folder / "rules.tsv").write_text("".join(f"{code(a)}\t{code(b)}\n" for a, b in lines))
        (folder / "text").write_text("the layer and the token\n" * 40)
        sentencepiece.SentencePieceTrainer.train(input=str(folder / "text"), model_prefix=str(folder / "m"), vocab_size=24,
            model_type="bpe", normalization_rule_tsv=str(folder / "rules.tsv"), minloglevel=2)
        model = pb.ModelProto()
        model.ParseFromString((folder / "m.model").read_bytes())
        return model.normalizer_spec.precompiled_charsmap


def write(folder, files):
    for name, content in files.items():
        if isinstance(content, dict) and set(content) == {"base64"}:
            (folder / name).write_bytes(base64.b64decode(content["base64"]))
        elif content is not None:
            (folder / name).write_text(text(content))


written = []
for name, base, files in cases():
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder), BASES[base] | files)
        texts = TEXTS if base in ("byte-level", "bare", "merges", "tekken", "tiktoken") else SPACES
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = [tokenizer(t)["input_ids"] for t in texts]
        except Exception as error:
            print(f"{name}: no answer: {str(error).splitlines()[0][:150] if str(error) else type(error)}")
            continue
        written.append({"name": name, "base": base, "files": files, "ids": ids})
plain = lambda files: {k: v if v is None or isinstance(v, dict) and set(v) == {"base64"} else text(v) for k, v in files.items()}
out = {"bases": {k: plain(v) for k, v in BASES.items()}, "texts": TEXTS, "spaced_texts": SPACES,
       "cases": [case | {"files": plain(case["files"])} for case in written]}
with open(HERE / "cases.json", "w") as file:
    head = {k: v for k, v in out.items() if k != "cases"}
    file.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "cases": [\n')
    file.write(",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in out["cases"]) + "\n ]\n}\n")
print(len(written), "cases")
