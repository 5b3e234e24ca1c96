"""Blocks of the types that llama.cpp knows and candle does not, of random bits, and what gguf-py
makes of them: blocks.json.

    python blocks.py blocks.json

Needs gguf (0.19 was used) and numpy. The float16 scales are those of finite numbers."""
import json, sys
import numpy as np, gguf
from gguf import GGMLQuantizationType as T

SCALE = {T.IQ4_NL: 0, T.IQ4_XS: 0, T.IQ3_S: 0, T.IQ3_XXS: 0, T.IQ2_S: 0, T.IQ2_XS: 0, T.IQ2_XXS: 0, T.IQ1_S: 0,
         T.IQ1_M: None, T.TQ1_0: 52, T.TQ2_0: 64, T.MXFP4: None, T.NVFP4: None}
rng = np.random.default_rng(16)
out = []
for kind, at in SCALE.items():
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (256 // weights * 2, size), dtype=np.uint8)
    if at is not None:
        blocks[:, at + 1] &= 0xBB
    if kind == T.IQ1_M:
        blocks[:, -1] &= 0xBF
    if kind == T.MXFP4:
        blocks[:, 0] %= 200
        blocks[:4, 0] = [0, 1, 2, 127]
    values = gguf.quants.dequantize(blocks, kind).astype(np.float32)
    assert np.isfinite(values).all()
    out.append({"type": kind.name, "blocks": blocks.tobytes().hex(), "values": values.astype("<f4").tobytes().hex()})
json.dump(out, open(sys.argv[1], "w"), indent=0)
