#!/usr/bin/env python3
"""Make tiny models that also see pictures, and what Hugging Face transformers computes with them on
text alone: the text model within is read, and its numbers must be these.

    python make_larger_models.py [NAME...]

Needs what ../fixtures/make_fixtures.py needs. Writes NAME/config.json, model.safetensors and
golden.json beside this file; the tokenizer is that of the fixtures.
"""
import json, pathlib, shutil, sys
import torch
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fixtures"))
from make_fixtures import PROMPTS, V, reference, tokenizer  # noqa: E402
from transformers import AutoConfig, AutoModelForImageTextToText  # noqa: E402

D, L = 32, 3
TEXT = dict(vocab_size=V, hidden_size=D, num_hidden_layers=L, intermediate_size=2 * D, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=128, bos_token_id=0, eos_token_id=0, pad_token_id=0)
SEES = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4)
MROPE = dict(rope_type="default", rope_theta=1000.0, mrope_section=[1, 1, 2])
OF = {
    "llava": dict(text_config=dict(TEXT, model_type="llama"), vision_config=dict(SEES, model_type="clip_vision_model")),
    "mistral3": dict(text_config=dict(TEXT, model_type="mistral", head_dim=16, sliding_window=None), vision_config=dict(SEES, model_type="pixtral", head_dim=4)),
    "paligemma": dict(text_config=dict(TEXT, model_type="gemma", head_dim=16), vision_config=dict(SEES, model_type="siglip_vision_model"), projection_dim=D),
    "internvl": dict(text_config=dict(TEXT, model_type="qwen2"), vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=[8, 8], patch_size=[4, 4], model_type="internvl_vision")),
    "idefics3": dict(text_config=dict(TEXT, model_type="llama"), vision_config=SEES),
    "smolvlm": dict(text_config=dict(TEXT, model_type="llama"), vision_config=SEES, tie_word_embeddings=True),
    "gemma3": dict(text_config=dict(TEXT, model_type="gemma3_text", head_dim=16, sliding_window=8, query_pre_attn_scalar=16), vision_config=dict(SEES, model_type="siglip_vision_model"), mm_tokens_per_image=4),
    "qwen2_vl": dict(text_config=dict(TEXT, rope_parameters=MROPE), vision_config=dict(depth=1, embed_dim=8, hidden_size=D, num_heads=2, mlp_ratio=1, patch_size=4)),
    "qwen2_5_vl": dict(text_config=dict(TEXT, rope_parameters=MROPE), vision_config=dict(depth=1, hidden_size=8, out_hidden_size=D, intermediate_size=8, num_heads=2, patch_size=4)),
    "qwen3_vl": dict(text_config=dict(TEXT, head_dim=16, rope_parameters=dict(MROPE, mrope_section=[4, 2, 2])), vision_config=dict(depth=1, hidden_size=8, out_hidden_size=D, intermediate_size=8, num_heads=2, patch_size=4, num_position_embeddings=4, deepstack_visual_indexes=[0])),
}

def main():
    tok = tokenizer()
    for name, kw in OF.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        try:
            for seed in range(7, 100):
                torch.manual_seed(seed)
                m = AutoModelForImageTextToText.from_config(AutoConfig.for_model(name, **kw)).float().eval()
                with torch.no_grad():
                    for p in m.parameters():
                        if p.dim() == 1: p.add_(torch.randn_like(p) * 0.2)
                        else: p.copy_(torch.randn_like(p) * (2.0 / p.shape[-1]) ** 0.5)
                cases = [reference(m, tok, PROMPTS[0], 6)]
                if not any(s["token"] == 0 for c in cases for s in c["steps"]):
                    break
            d = HERE / name; shutil.rmtree(d, ignore_errors=True); d.mkdir()
            m.save_pretrained(d)
            (d / "generation_config.json").unlink(missing_ok=True)
            (d / "golden.json").write_text(json.dumps({"cases": cases}, ensure_ascii=False))
            print(name, sum(x.numel() for x in m.parameters()), "parameters")
        except Exception as error:
            print(name, "FAILS", type(error).__name__, str(error)[:300])

if __name__ == "__main__":
    main()
