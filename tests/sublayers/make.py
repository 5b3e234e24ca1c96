"""Writes NAME.json beside this file for some of tests/fixtures: what Hugging Face transformers
computes of the residual stream inside each block, in float32, with hooks.

    python3 make.py

Where the parts of a block follow each other, that is the stream behind the attention or the mixer
in its place, as it goes on (`L5.attn`); where they stand side by side, the stream before the block
with what each of them adds (`L5.in+attn`, `L5.in+mlp`). `normed` goes through the final norm and
the unembedding, `raw` through the unembedding alone.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
STEPS = 4

# Where the blocks stand, the final norm, and how the rows inside are caught: the input or the
# output of a module, or the names of attention and feed-forward part side by side.
INPUT, OUTPUT, BESIDE = "input", "output", "beside"
MODELS = {
    "gpt2": ("transformer.h", "transformer.ln_f", INPUT, "ln_2"),
    "llama": ("model.layers", "model.norm", INPUT, "post_attention_layernorm"),
    "granite": ("model.layers", "model.norm", INPUT, "post_attention_layernorm"),
    "gemma2": ("model.layers", "model.norm", INPUT, "pre_feedforward_layernorm"),
    "olmo2": ("model.layers", "model.norm", INPUT, "mlp"),
    "opt_post_norm": ("model.decoder.layers", None, OUTPUT, "self_attn_layer_norm"),
    "lfm2": ("model.layers", "model.embedding_norm", INPUT, "ffn_norm"),
    "qwen3_next": ("model.layers", "model.norm", INPUT, "post_attention_layernorm"),
    "gpt_neox": ("gpt_neox.layers", "gpt_neox.final_layer_norm", BESIDE, ("attention", "mlp")),
    "gptj": ("transformer.h", "transformer.ln_f", BESIDE, ("attn", "mlp")),
}


def first(value):
    return value[0] if isinstance(value, tuple) else value


def catch(blocks, kind, names):
    """Hooks; what they have caught stands in the list that is returned, by row."""
    rows, entered = {}, {}

    def keep(row):
        return lambda state: rows.__setitem__(row, state.detach().reshape(-1, state.shape[-1]))

    for l, block in enumerate(blocks):
        def enter(module, args, kwargs, l=l):
            state = args[0] if args else kwargs["hidden_states"]
            entered[l] = state.detach().reshape(-1, state.shape[-1])

        block.register_forward_pre_hook(enter, with_kwargs=True)
        if kind == INPUT:
            take = keep(f"L{l}.attn")
            block.get_submodule(names).register_forward_pre_hook(
                lambda module, args, take=take: take(args[0])
            )
        elif kind == OUTPUT:
            take = keep(f"L{l}.attn")
            block.get_submodule(names).register_forward_hook(
                lambda module, args, out, take=take: take(first(out))
            )
        else:
            for name, row in zip(names, (f"L{l}.in+attn", f"L{l}.in+mlp")):
                block.get_submodule(name).register_forward_hook(
                    lambda module, args, out, l=l, row=row: rows.__setitem__(
                        row, entered[l] + first(out).detach().reshape(entered[l].shape)
                    )
                )
    return rows


def capped(logits, config):
    scaling = getattr(config, "logits_scaling", None)
    if scaling:
        logits = logits / scaling
    cap = getattr(config, "final_logit_softcapping", None)
    return torch.tanh(logits / cap) * cap if cap else logits


def cell(logits, token, final):
    log_probs = logits.double().log_softmax(-1)
    final = final.double().log_softmax(-1)
    logit = logits[token]
    return {
        "rank": 1 + int((logits > logit).sum()),
        "logit": float(logit),
        "prob": float(log_probs[token].exp()),
        "entropy": float(-(log_probs.exp() * log_probs).sum()),
        "kl": float((final.exp() * (final - log_probs)).sum()),
        "top": [int(id) for id in logits.topk(5).indices],
    }


def main():
    torch.manual_seed(0)
    for name, (blocks, norm, kind, names) in MODELS.items():
        model = AutoModelForCausalLM.from_pretrained(
            FIXTURES / name, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        case = json.loads((FIXTURES / name / "golden.json").read_text())["cases"][0]
        tokens = [step["token"] for step in case["steps"]][:STEPS]
        rows = catch(model.get_submodule(blocks), kind, names)
        unembedding = model.get_output_embeddings()
        # OPT of a narrower embedding goes back to its width first.
        projection = getattr(model.get_submodule(blocks.rsplit(".", 1)[0]), "project_out", None)
        head = (lambda x: unembedding(projection(x))) if projection else unembedding
        final_norm = model.get_submodule(norm) if norm else torch.nn.Identity()
        steps = []
        with torch.no_grad():
            ids = torch.tensor([case["prompt_ids"] + tokens])
            output = model(ids, use_cache=False).logits[0]
            for s, token in enumerate(tokens):
                at = len(case["prompt_ids"]) - 1 + s
                cells = {"normed": [], "raw": []}
                for state in rows.values():
                    for lens, seen in (("normed", final_norm(state[at])), ("raw", state[at])):
                        logits = capped(head(seen), model.config)
                        cells[lens].append(cell(logits, token, output[at]))
                steps.append({"token": token, **cells})
        found = {"prompt": case["prompt"], "rows": list(rows), "steps": steps}
        (HERE / f"{name}.json").write_text(json.dumps(found) + "\n")
        print(name, len(rows), [c["rank"] for c in steps[0]["normed"]])


main()
