#!/usr/bin/env python3
"""Saves every layer's states of a greedy run with Hugging Face transformers, for `lenscape read`.

    python examples/save_states.py MODEL OUT.safetensors 'The keys to the cabinet' [TOKENS]
    lenscape read OUT.safetensors --model MODEL

Needs torch, transformers and safetensors; a model of any size, as transformers places it."""
import sys
import torch, transformers
from safetensors.torch import save_file

name, out, prompt, tokens = (sys.argv[1:] + ["12"])[:4]
tokenizer = transformers.AutoTokenizer.from_pretrained(name)
model = transformers.AutoModelForCausalLM.from_pretrained(name, device_map="auto", dtype="auto")
ids = tokenizer(prompt, return_tensors="pt").input_ids.to(model.device)
run = model.generate(ids, max_new_tokens=int(tokens), do_sample=False, output_hidden_states=True,
                     return_dict_in_generate=True)
# Of each step the states of its last position; the last layer's went through the final norm.
states = torch.stack([torch.stack([layer[0, -1].cpu() for layer in step]) for step in run.hidden_states])
save_file({"states": states.contiguous(), "tokens": run.sequences[0, ids.shape[1]:].cpu().contiguous(),
           "prompt_ids": ids[0].cpu().contiguous()}, out, metadata={"last_row": "normed", "prompt": prompt})
