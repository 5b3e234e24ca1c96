#!/usr/bin/env python3
"""What Hugging Face transformers computes on some fixtures in float32, bfloat16 and float16: the
logits behind the prompt, for tests/dtype.rs.

    python half_types.py FIXTURES_DIR > half_types.json

Needs torch and transformers. Attention is `eager`: its scores and shares are rounded one by one.
"""
import json, pathlib, sys
import torch
from transformers import AutoModelForCausalLM

NAMES = ["gpt2", "llama", "gemma2"]
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}

@torch.no_grad()
def logits(folder, dtype):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    case = json.loads((folder / "golden.json").read_text())["cases"][0]
    z = model(torch.tensor([case["prompt_ids"]]), use_cache=False).logits[0, -1].float()
    return [round(x, 5) for x in z.tolist()]

folder = pathlib.Path(sys.argv[1])
out = {name: {t: logits(folder / name, dtype) for t, dtype in TYPES.items()} for name in NAMES}
json.dump(out, sys.stdout)
print()
