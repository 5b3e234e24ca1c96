#!/usr/bin/env python3
"""Writes down what Hugging Face transformers computes of a model, for `lenscape verify --reference`.

    python examples/reference.py MODEL OUT.json [--steps 8] [--prompt TEXT ...] [--watch TEXT ...]
    lenscape verify --model MODEL --reference OUT.json

MODEL is a folder, a hub id or a GGUF file. Needs torch and transformers, and gguf for GGUF files;
everything is float32 on the CPU, without a cache. `lenscape verify --help` tells the file's form.

The model itself puts every state through its final norm and unembedding: its last block is made to
give out, in the place of its own positions, the states behind all blocks (the lens `normed`), and
for the lens `raw` they take the place of what the unembedding reads."""
import argparse, json, pathlib
import torch, transformers

PROMPTS = ["Water boils at a temperature of", "In 1969, the first people walked on the",
           "def area(width, height):\n    return", "Der Zug nach München fährt um"]
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("model")
ap.add_argument("out", type=pathlib.Path)
ap.add_argument("--steps", type=int, default=8, help="tokens to generate behind each prompt")
ap.add_argument("--prompt", action="append", help="a text to begin with; may be repeated")
ap.add_argument("--watch", action="append", default=[], help="a text whose first token is followed behind the prompt")
args = ap.parse_args()

path = pathlib.Path(args.model)
where = (path.parent, {"gguf_file": path.name}) if path.suffix == ".gguf" else (args.model, {})
tokenizer = transformers.AutoTokenizer.from_pretrained(where[0], **where[1])
model = transformers.AutoModelForCausalLM.from_pretrained(where[0], dtype=torch.float32, **where[1]).eval()
depth = model.config.get_text_config().num_hidden_layers
blocks = next(m for _, m in model.named_modules() if isinstance(m, torch.nn.ModuleList) and len(m) == depth)
head = model.get_output_embeddings()
states = [None] * depth


def tap(layer):
    def hook(_module, _inputs, output):
        states[layer] = output[0] if isinstance(output, tuple) else output
    return hook


def logits_of(rows, at_head=None):
    """[depth, d] -> [depth, vocabulary], as the model ends; `at_head` is what its unembedding reads."""
    last = lambda _module, _inputs, out: (rows[None], *out[1:]) if isinstance(out, tuple) else rows[None]
    hooks = [blocks[-1].register_forward_hook(last)]
    if at_head is not None:
        hooks.append(head.register_forward_pre_hook(lambda _module, inputs: (torch.cat([at_head[None, :-1], inputs[0][:, -1:]], 1),)))
    logits = model(torch.tensor([[0]]), use_cache=False).logits[0].float()
    for hook in hooks:
        hook.remove()
    return logits


def figures(z, raw, token):
    logs = torch.log_softmax(z, -1)
    for layer in range(depth):
        own = logs[layer].exp()
        best = z[layer].topk(5)
        cell = {"rank": int((z[layer] > z[layer, token]).sum()) + 1, "logit": float(z[layer, token]),
                "prob": float(own[token]), "entropy": float(-(own * logs[layer]).sum()),
                "kl": float((logs[-1].exp() * (logs[-1] - logs[layer])).sum()),
                "top": [[i, v] for i, v in zip(best.indices.tolist(), best.values.tolist())]}
        if raw is not None:
            cell["raw_rank"] = int((raw[layer] > raw[layer, token]).sum()) + 1
        yield cell


@torch.no_grad()
def case(prompt):
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    made = {"prompt": prompt, "prompt_ids": ids[0].tolist(), "steps": [], "watch": []}
    for step in range(args.steps):
        hooks = [block.register_forward_hook(tap(i)) for i, block in enumerate(blocks)]
        own = model(ids, use_cache=False).logits[0, -1].float()
        for hook in hooks:
            hook.remove()
        rows = torch.stack([state[0, -1] for state in states])
        z = logits_of(rows)
        assert torch.allclose(z[-1], own, atol=1e-3, rtol=1e-4), "the lens does not end in the model's own logits"
        fits = getattr(head, "in_features", None) == rows.shape[1]  # some project before they unembed
        raw = logits_of(rows, at_head=rows) if fits else None
        for text in args.watch if step == 0 else []:
            token = tokenizer.encode(text, add_special_tokens=False)[0]
            made["watch"].append({"text": text, "id": token, "ranks": ((z > z[:, [token]]).sum(1) + 1).tolist()})
        token = int(own.argmax())
        made["steps"].append({"token": token, "layers": list(figures(z, raw, token))})
        ids = torch.cat([ids, torch.tensor([[token]])], 1)
    print(repr(tokenizer.decode(ids[0])))
    return made


versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
cases = [case(prompt) for prompt in args.prompt or PROMPTS]
args.out.write_text(json.dumps({"model": args.model, "made_with": versions, "cases": cases}, ensure_ascii=False))
