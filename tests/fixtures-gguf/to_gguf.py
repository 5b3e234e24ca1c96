#!/usr/bin/env python3
"""Convert the fixtures to GGUF with llama.cpp's own converter.

    python to_gguf.py LLAMA_CPP FIXTURES OUT_DIR [NAME...]

LLAMA_CPP is a checkout of llama.cpp (the source distribution of the Python package
`llama-cpp-python` holds one under `vendor/`). Needs torch, transformers and gguf. The fixtures
have one small byte-level tokenizer, whatever their architecture, so that the converter's own
choice of a tokenizer is replaced; weights and hyperparameters are as it writes them.
"""
import pathlib, sys

llama_cpp, fixtures, out = map(pathlib.Path, sys.argv[1:4])
# GGUF files have no place for these: windows of the llama and starcoder2 architectures, a scale of
# the scores that is not of the head's width, layers without a rotation, and a second magnitude
# of LongRoPE.
LOSSY = {"mistral", "starcoder2", "gemma3_global", "granitemoehybrid_nope", "phimoe_longrope"}

sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
import gguf
from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
from conversion.base import TextModel

TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"

for name in sys.argv[4:] or sorted(p.name for p in fixtures.iterdir() if p.is_dir() and p.name not in LOSSY):
    folder = fixtures / name
    hparams = ModelBase.load_hparams(folder, False)
    # The converter wants some keys as transformers 4 wrote them.
    hparams.setdefault("n_ctx", hparams.get("n_positions"))
    hparams.setdefault("rotary_pct", (hparams.get("rope_parameters") or {}).get("partial_rotary_factor", 1.0))
    # And some names.
    hparams["architectures"] = [{"PhimoeForCausalLM": "PhiMoEForCausalLM"}.get(name, name) for name in hparams["architectures"]]
    if hparams["model_type"] == "granitemoehybrid":
        hparams["layer_types"] = ["attention" if kind == "full_attention" else "mamba" for kind in hparams["layer_types"]]
    if name == "nemotron_h":
        # The converter takes all that say how many experts are used for mixtures.
        hparams = {key: value for key, value in hparams.items() if "expert" not in key}
        hparams["num_hidden_layers"] = len(hparams["layers_block_type"])
        hparams["hybrid_override_pattern"] = "".join({"mlp": "-", "full_attention": "*"}.get(kind, "M") for kind in hparams.pop("layers_block_type"))
    if hparams["model_type"] == "phimoe":
        hparams["rope_parameters"].setdefault("original_max_position_embeddings", hparams["max_position_embeddings"])
    if hparams["model_type"] == "deepseek_v3":
        hparams.setdefault("scoring_func", "sigmoid")
    if hparams["model_type"] == "bloom":
        hparams.setdefault("seq_length", 128)
    if hparams.get("multi_query") and not hparams.get("new_decoder_architecture"):
        hparams["num_kv_heads"] = 1
    try:
        kind = get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    except NotImplementedError as why:
        print(name, "cannot be converted:", why)
        continue
    kind = type(kind.__name__, (kind,), {
        "set_vocab": lambda self: self._set_vocab_gpt2(),
        "model_arch": kind.model_arch,
        # Of the fixtures none has what predicts tokens behind the next one.
        "no_mtp": True,
    })
    try:
        stored = gguf.LlamaFileType.MOSTLY_BF16 if hparams.get("dtype") == "bfloat16" else gguf.LlamaFileType.ALL_F32
        kind(folder, stored, out / f"{name}.gguf", hparams=hparams, eager=True).write()
        print(name, "converted")
    except Exception as why:
        print(name, "failed:", type(why).__name__, why)
