#!/usr/bin/env python3
"""Reduce RWKV's vocabulary to what is in the texts of ../vocabularies/texts.json, and write the ids that
RWKV's own tokenizer gives to them in the whole one.

    python make.py PACKAGE

PACKAGE is the folder of the Python package `rwkv`, which holds both. A text becomes the longest token at
each place, so that tokens which are in none of the texts make no difference. It writes, beside this file,
    rwkv_vocab_v20230424.txt   the lines that are left, with their numbers
    ids.json                   {texts, ids, gguf}: `gguf` has each token as llama.cpp's converter writes it
"""
import ast, json, pathlib, sys

here, package = pathlib.Path(__file__).resolve().parent, pathlib.Path(sys.argv[1])
sys.path.insert(0, str(package))
from rwkv_tokenizer import TRIE_TOKENIZER

file = package / "rwkv_vocab_v20230424.txt"
texts = json.loads((here.parent / "vocabularies/texts.json").read_text())["texts"]
texts += ["User: Hello\n\nAssistant: Hi!\r\n\r\n\t\tfor i in range(10):\n        print(\"it's\", 'a \\ b')", "言葉を見つけること 🙂 naïve café \u00a0\u3000\ufeff\x00\x7f" + " " * 70]
encoded = [text.encode() for text in texts]
kept, gguf = [], {}
for line in file.read_text(encoding="utf-8").split("\n"):
    if not line: continue
    parts = line.split(" ")
    token = ast.literal_eval(" ".join(parts[1:-1]))
    token = token.encode() if isinstance(token, str) else token
    if len(token) == 1 or any(token in text for text in encoded):
        kept.append(line)
        gguf[int(parts[0])] = repr(token)[2:-1]
tokenizer = TRIE_TOKENIZER(str(file))
(here / "rwkv_vocab_v20230424.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
(here / "ids.json").write_text(json.dumps(dict(texts=texts, ids=[tokenizer.encode(text) for text in texts], gguf=gguf), ensure_ascii=False) + "\n")
print(len(kept), "tokens,", len(texts), "texts")
