#!/usr/bin/env python3
"""Cut the vocabularies that llama.cpp tests its tokenizers with down to what its texts need.

    python reduce.py LLAMA_CPP OUT_DIR [NAME...]

LLAMA_CPP is a checkout of llama.cpp (the source distribution of the Python package
`llama-cpp-python` holds one under `vendor/`); needs the Python package gguf. There,
`models/ggml-vocab-NAME.gguf` is a model's whole vocabulary, `.gguf.inp` are texts, and `.gguf.out`
are the ids that Hugging Face's tokenizer of the model gives for them.

A token that is no part of any text, and a merge that makes one, change nothing; so only the others
are kept, in their order, and the ids are numbered anew. Writes NAME.gguf and texts.json.
"""
import json, pathlib, sys
import gguf

NAMES = ["command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2", "llama-bpe",
         "llama-spm", "mpt", "phi-3", "qwen2", "qwen35", "refact", "starcoder"]
NORMAL, UNUSED = 1, 5
llama_cpp, out = map(pathlib.Path, sys.argv[1:3])


def spelling():
    """The characters that spell bytes, as GPT-2's."""
    own = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {byte: chr(byte) for byte in own} | {byte: chr(256 + i) for i, byte in enumerate(others)}


SPELLING = spelling()


def reduce(name):
    stem = llama_cpp / "models" / f"ggml-vocab-{name}.gguf"
    fields = gguf.GGUFReader(stem).fields
    value = lambda key: fields[key].contents() if key in fields else None
    texts = stem.with_suffix(".gguf.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    lines = stem.with_suffix(".gguf.out").read_text().splitlines()
    texts = texts[:len(lines)]
    model = value("tokenizer.ggml.model")
    if model == "gemma4":
        spelled = [text.replace(" ", "▁") for text in texts]
    elif model == "gpt2":
        spelled = ["".join(SPELLING[byte] for byte in text.encode()) for text in texts]
    else:
        spelled = ["▁" + text.replace(" ", "▁") for text in texts]
    haystack = "\0".join(spelled)

    tokens, kinds = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    expected = [[int(id) for id in line.split()] for line in lines]
    needed = {id for ids in expected for id in ids}
    for key in ["bos", "eos", "unknown"]:
        needed.add(value(f"tokenizer.ggml.{key}_token_id"))
    kept = [id for id, (token, kind) in enumerate(zip(tokens, kinds))
            if id in needed or len(token) == 1 and model != "gemma4" or token in haystack or kind not in (NORMAL, UNUSED)
            and not token.startswith("<|reserved")]
    new = {old: i for i, old in enumerate(kept)}

    writer = gguf.GGUFWriter(out / f"{name}.gguf", value("general.architecture"))
    writer.add_tokenizer_model(value("tokenizer.ggml.model"))
    if (pre := value("tokenizer.ggml.pre")) is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list([tokens[id] for id in kept])
    writer.add_token_types([kinds[id] for id in kept])
    if (scores := value("tokenizer.ggml.scores")) is not None:
        writer.add_token_scores([scores[id] for id in kept])
    if (merges := value("tokenizer.ggml.merges")) is not None:
        there = {tokens[id] for id in kept}
        writer.add_token_merges([m for m in merges if {*m.split(" "), m.replace(" ", "", 1)} <= there])
    for key in ["bos", "eos", "unknown"]:
        if (id := value(f"tokenizer.ggml.{key}_token_id")) is not None:
            writer.add_uint32(f"tokenizer.ggml.{key}_token_id", new[id])
    for key in ["add_bos_token", "add_eos_token", "add_space_prefix"]:
        if (flag := value(f"tokenizer.ggml.{key}")) is not None:
            writer.add_bool(f"tokenizer.ggml.{key}", bool(flag))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return texts, [[new[id] for id in ids] for ids in expected]


all_ids = {}
for name in sys.argv[3:] or NAMES:
    texts, ids = reduce(name)
    common = all_ids.setdefault("texts", texts)
    # qwen35 has a few texts more, with llama.cpp's own ids: it does not normalise them as Qwen does.
    by_text = dict(zip(texts, ids))
    all_ids[name] = [by_text[text] for text in common]
(out / "texts.json").write_text(json.dumps(all_ids, separators=(",", ":"), ensure_ascii=True))
