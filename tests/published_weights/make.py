"""A tiny llama in the formats that weights are published in, and what Hugging Face transformers
computes in float32 on the dequantised weights.

    python make.py OUT_DIR [--only NAME,NAME]

Needs torch, transformers, tokenizers, safetensors, gguf, numpy.
`base.safetensors` and `wide_base.safetensors` hold what no format touches; NAME.safetensors has the
quantised matrices, NAME.json the configuration and the reference. gguf_* are whole models.
Each weight is the product that its format defines, in float32; activations are not rounded."""
import argparse, json, pathlib, sys, warnings
import gguf, numpy as np, torch
from gguf import GGMLQuantizationType as T
from safetensors.torch import save_file
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "fixtures"))
from make_fixtures import tokenizer, reference, PROMPTS, V
from transformers import AutoConfig, AutoModelForCausalLM

E2M1 = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])
F8 = torch.float8_e4m3fn


# ------------------------------------------------------------------ helpers
def grouped(w, g):
    """[N,K] -> [N,ceil(K/g),g], filled with zeros."""
    n, k = w.shape
    return torch.nn.functional.pad(w, (0, -k % g)).reshape(n, -1, g)

def spread(s, g, k):
    """One number a group -> one a column."""
    return s.repeat_interleave(g, -1)[..., :k]

def blocks2d(s, b, n, k):
    """One number a b[0] x b[1] block -> one an entry."""
    return s.repeat_interleave(b[0], 0)[:n].repeat_interleave(b[1], 1)[:, :k]

def to_f8(x, some=0.01):
    """Rounded to F8_E4M3; a few codes are then drawn at random, so that all 254 finite ones occur."""
    q = x.clamp(-448, 448).to(F8).view(torch.uint8)
    wild = torch.randint(0, 256, q.shape, dtype=torch.uint8)
    wild[(wild & 127) == 127] = 3
    return torch.where(torch.rand(q.shape) < some, wild, q).view(F8)

def nearest(x, table):
    """Index of the nearest table entry."""
    return (x[..., None] - table).abs().argmin(-1).to(torch.uint8)

def int32(x):
    """int64 words -> the same 32 bits."""
    return torch.from_numpy(x.numpy().astype(np.uint64).astype(np.uint32).view(np.int32).copy())

def words(codes, bits, dim, order=None):
    """Codes packed into 32-bit words along dim, lowest bits first; nibble i holds entry order[i]."""
    n = 32 // bits
    c = codes.long().movedim(dim, -1).reshape(*codes.long().movedim(dim, -1).shape[:-1], -1, n)
    if order is not None: c = c[..., order]
    return int32((c << (bits * torch.arange(n))).sum(-1)).movedim(-1, dim).contiguous()

def unwords(packed, bits, dim, order=None):
    """What `words` packed."""
    n = 32 // bits
    w = packed.movedim(dim, -1).long() & 0xFFFFFFFF
    c = (w[..., None] >> (bits * torch.arange(n))) & (2 ** bits - 1)
    if order is not None: c = c[..., torch.argsort(torch.tensor(order))]
    return c.flatten(-2).movedim(-1, dim).contiguous()

def nibbles(q):
    """Codes [..., K] -> bytes [..., K/2], low nibble = even column."""
    return (q[..., ::2] | (q[..., 1::2] << 4)).contiguous()

def unnibbles(b):
    return torch.stack([b & 15, b >> 4], -1).flatten(-2)


# ------------------------------------------------------------------ safetensors formats: pack and read
# pack(W, o) -> {suffix: tensor};  read({suffix: tensor}, N, K, o) -> float32 [N,K]

def pack_fp8(W, o):
    n, k = W.shape; b = o.get("block")
    if b is None:
        s = (W.abs().max() / 448).float()
        return {"weight": to_f8(W / s), "weight_scale_inv": s.reshape(()), "activation_scale": torch.tensor(0.0625)}
    rows = [W[i:i + b[0]] for i in range(0, n, b[0])]
    s = torch.stack([torch.stack([r[:, j:j + b[1]].abs().max() / 448 for j in range(0, k, b[1])]) for r in rows])
    if o.get("e8m0"): s = torch.exp2(torch.ceil(torch.log2(s))).to(torch.float8_e8m0fnu)
    return {"weight": to_f8(W / blocks2d(s.float(), b, n, k)), "weight_scale_inv": s}

def read_fp8(t, n, k, o):
    s = t["weight_scale_inv"].float()
    return t["weight"].float() * (blocks2d(s, o["block"], n, k) if o.get("block") else s)

def gptq_codes(W, o):
    n, k = W.shape; bits, g = o["bits"], o["group"]; top = 2 ** bits - 1; ng = -(-k // g)
    idx = torch.arange(k) // g
    if o.get("desc_act"): idx = idx[torch.randperm(k)]
    s, z = torch.zeros(ng, n), torch.zeros(ng, n, dtype=torch.long)
    for j in range(ng):
        w = W[:, idx == j]
        if o["sym"]: s[j] = w.abs().amax(1) / (top // 2); z[j] = (top + 1) // 2
        else:
            lo, hi = w.amin(1).clamp(max=0), w.amax(1).clamp(min=0)
            s[j] = (hi - lo) / top; z[j] = torch.round(-lo / s[j]).clamp(1, top).long()
    s = s.half()
    q = torch.round(W.T / s.float()[idx] + z[idx]).clamp(0, top).long()
    return q, s, z, idx

def pack_gptq(W, o):
    q, s, z, idx = gptq_codes(W, o)
    t = {"qweight": words(q, o["bits"], 0), "qzeros": words(z - (0 if o.get("v2") else 1), o["bits"], 1), "scales": s}
    if not o.get("no_gidx"): t["g_idx"] = idx.int()
    return t

def read_gptq(t, n, k, o):
    q, z = unwords(t["qweight"], o["bits"], 0), unwords(t["qzeros"], o["bits"], 1) + (0 if o.get("v2") else 1)
    idx = t["g_idx"].long() if "g_idx" in t else torch.arange(k) // o["group"]
    return ((q - z[idx]).float() * t["scales"].float()[idx]).T.contiguous()

AWQ = [0, 2, 4, 6, 1, 3, 5, 7]

def pack_awq(W, o):
    q, s, z, _ = gptq_codes(W, dict(o, bits=4, sym=False))
    return {"qweight": words(q, 4, 1, AWQ), "qzeros": words(z, 4, 1, AWQ), "scales": s}

def read_awq(t, n, k, o):
    idx = torch.arange(k) // o["group"]
    return ((unwords(t["qweight"], 4, 1, AWQ) - unwords(t["qzeros"], 4, 1, AWQ)[idx]).float() * t["scales"].float()[idx]).T.contiguous()

def pack_ct_int(W, o):
    n, k = W.shape; g = o["group"] or k; bits = o["bits"]; half = 2 ** (bits - 1); x = grouped(W, g)
    if o["sym"]: s, z = x.abs().amax(-1) / (half - 0.5), torch.zeros(x.shape[:2])
    else:
        lo, hi = x.amin(-1).clamp(max=0), x.amax(-1).clamp(min=0)
        s = (hi - lo) / (2 * half - 1); z = torch.round(-half - lo / s).clamp(-half, half - 1)
    s = s.bfloat16()
    q = torch.round(W / spread(s.float(), g, k) + spread(z, g, k)).clamp(-half, half - 1).long()
    if not o["pack"]: return {"weight": q.to(torch.int8), "weight_scale": s}
    t = {"weight_packed": words(q + half, bits, 1), "weight_scale": s, "weight_shape": torch.tensor([n, k])}
    if not o["sym"]: t["weight_zero_point"] = words(z.long() + half, bits, 0)
    return t

def read_ct_int(t, n, k, o):
    g = o["group"] or k; half = 2 ** (o["bits"] - 1)
    if not o["pack"]: return t["weight"].float() * t["weight_scale"].float()
    assert t["weight_shape"].tolist() == [n, k]
    q = unwords(t["weight_packed"], o["bits"], 1)[:, :k] - half
    if "weight_zero_point" in t: q = q - spread(unwords(t["weight_zero_point"], o["bits"], 0)[:n] - half, g, k)
    return q.float() * spread(t["weight_scale"].float(), g, k)

def pack_ct_float(W, o):
    n, k = W.shape; kind = o["strategy"]
    if kind == "channel": s = W.abs().amax(1, keepdim=True) / 448; full = s.bfloat16().float()
    elif kind == "tensor": s = (W.abs().max() / 448).reshape(1); full = s.bfloat16().float()
    else:
        s = pack_fp8(W, {"block": [128, 128]})["weight_scale_inv"]; full = blocks2d(s.bfloat16().float(), [128, 128], n, k)
    t = {"weight": to_f8(W / full), "weight_scale": s.bfloat16()}
    if kind == "tensor": t["input_scale"] = torch.tensor([0.0625], dtype=torch.bfloat16)
    return t

def read_ct_float(t, n, k, o):
    s = t["weight_scale"].float()
    return t["weight"].float() * (blocks2d(s, [128, 128], n, k) if o["strategy"] == "block" else s)

def pack_nvfp4(W, o):
    n, k = W.shape
    glob = W.abs().max() / (6 * 448)                      # modelopt's weight_scale_2; compressed-tensors stores 1 over it
    s = (grouped(W, 16).abs().amax(-1) / 6 / glob).clamp(max=448).to(F8)
    if o["ct"]: glob = 1 / (1 / glob).float()
    q = nearest(W / (spread(s.float(), 16, k) * glob).clamp(min=1e-12), E2M1)
    q = torch.where((q == 0) & (torch.rand(q.shape) < .3), torch.tensor(8, dtype=torch.uint8), q)   # minus zero too
    if o["ct"]: return {"weight_packed": nibbles(q), "weight_scale": s, "weight_global_scale": (1 / glob).float().reshape(1),
                        "input_global_scale": torch.tensor([512.0])}
    return {"weight": nibbles(q), "weight_scale": s, "weight_scale_2": glob.float().reshape(()), "input_scale": torch.tensor(0.002)}

def read_nvfp4(t, n, k, o):
    w = t["weight_packed" if o["ct"] else "weight"]
    s = t["weight_scale"].float()
    s = s / t["weight_global_scale"] if o["ct"] else s * t["weight_scale_2"]
    return E2M1[unnibbles(w).long()] * spread(s, 16, k)

NF4 = torch.tensor([-1.0, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0.0, 0.0795803, 0.1609302, 0.2461123,
                    0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0])
FP4 = torch.tensor([0, 0.0052083335, 2 / 3, 1, 1 / 3, 0.5, 1 / 6, 0.25, 0, -0.0052083335, -2 / 3, -1, -1 / 3, -0.5, -1 / 6, -0.25])

def pack_bnb4(W, o):
    """As bitsandbytes lays it out; its own rounding may choose other codes."""
    table = NF4 if o["type"] == "nf4" else FP4
    x = grouped(W.reshape(1, -1), 64)[0]
    a = x.abs().amax(-1)
    state = {"quant_type": o["type"], "blocksize": 64, "dtype": "bfloat16", "shape": list(W.shape)}
    t = {"weight.quant_map": table.clone()}
    if o["double"]:
        offset = float(a.mean().float()); nested = torch.linspace(-1, 1, 256)
        outer = grouped((a - offset)[None], 256)[0].abs().amax(-1)
        q = nearest((a - offset) / outer.repeat_interleave(256)[:a.numel()], nested)
        t.update({"weight.absmax": q, "weight.nested_absmax": outer, "weight.nested_quant_map": nested})
        state.update({"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset})
        a = nested[q.long()] * outer.repeat_interleave(256)[:a.numel()] + offset
    else: t["weight.absmax"] = a
    c = nearest(x / a[:, None], table).flatten()[:W.numel()]
    t["weight"] = ((c[::2] << 4) | c[1::2])[:, None]
    t[f"weight.quant_state.bitsandbytes__{o['type']}"] = torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8)
    return t

def read_bnb4(t, n, k, o):
    st = json.loads(bytes(t[f"weight.quant_state.bitsandbytes__{o['type']}"].tolist()))
    assert st["shape"] == [n, k] and st["blocksize"] == 64, st
    b = t["weight"].flatten()
    code = torch.stack([b >> 4, b & 15], 1).flatten()     # the high nibble comes first
    a = t["weight.absmax"]
    if o["double"]:
        a = t["weight.nested_quant_map"][a.long()] * t["weight.nested_absmax"].repeat_interleave(st["nested_blocksize"])[:a.numel()] + st["nested_offset"]
    return (t["weight.quant_map"][code.long()] * a.repeat_interleave(64)[:n * k]).reshape(n, k)

def pack_bnb8(W, o):
    s = W.half().float().abs().amax(1)
    return {"weight": torch.round(W.half().float() * (127 / s)[:, None]).to(torch.int8), "SCB": s, "weight_format": torch.tensor(0, dtype=torch.uint8)}

def read_bnb8(t, n, k, o):
    return t["weight"].float() * t["SCB"][:, None] / 127


# ------------------------------------------------------------------ configurations
def fp8_config(o):
    c = {"activation_scheme": "dynamic" if o.get("block") else "static", "fmt": "e4m3", "quant_method": "fp8", "weight_block_size": o.get("block"),
         "modules_to_not_convert": ["lm_head"]}
    if o.get("e8m0"): c["scale_fmt"] = "ue8m0"
    return c

def gptq_config(o):
    return {"bits": o["bits"], "group_size": o["group"], "damp_percent": 0.1, "desc_act": bool(o.get("desc_act")), "static_groups": False, "sym": o["sym"],
            "true_sequential": True, "quant_method": "gptq", "checkpoint_format": "gptq_v2" if o.get("v2") else "gptq", "lm_head": False}

def awq_config(o):
    return {"bits": 4, "group_size": o["group"], "modules_to_not_convert": None, "quant_method": "awq", "version": "gemm", "zero_point": True}

def ct_args(**k):
    return {"actorder": None, "block_structure": None, "dynamic": False, "group_size": None, "num_bits": 8, "observer": "minmax", "observer_kwargs": {},
            "strategy": "channel", "symmetric": True, "type": "int", **k}

def ct_config(fmt, weights, acts=None):
    return {"config_groups": {"group_0": {"format": fmt, "input_activations": acts, "output_activations": None, "targets": ["Linear"], "weights": weights}},
            "format": fmt, "global_compression_ratio": None, "ignore": ["lm_head"], "kv_cache_scheme": None, "quant_method": "compressed-tensors",
            "quantization_status": "compressed", "sparsity_config": {}, "transform_config": {}, "version": "0.12.2"}

def ct_int_config(o):
    w = ct_args(num_bits=o["bits"], group_size=o["group"], strategy="group" if o["group"] else "channel", symmetric=o["sym"])
    return ct_config("pack-quantized" if o["pack"] else "int-quantized", w, None if o["pack"] else ct_args(dynamic=True, strategy="token", observer=None))

def ct_float_config(o):
    kind = o["strategy"]
    w = ct_args(type="float", strategy=kind, block_structure=[128, 128] if kind == "block" else None)
    a = {"tensor": dict(strategy="tensor"), "channel": dict(strategy="token", dynamic=True, observer=None),
         "block": dict(strategy="group", group_size=128, dynamic=True, observer=None)}[kind]
    return ct_config("float-quantized", w, ct_args(type="float", **a))

def nvfp4_config(o):
    if o["ct"]:
        a = ct_args(type="float", num_bits=4, strategy="tensor_group", group_size=16)
        return ct_config("nvfp4-pack-quantized", dict(a, scale_dtype="torch.float8_e4m3fn"), dict(a, dynamic="local", scale_dtype="torch.float8_e4m3fn"))
    a = {"dynamic": False, "num_bits": 4, "type": "float", "group_size": 16}
    return {"config_groups": {"group_0": {"input_activations": a, "weights": a, "targets": ["Linear"]}}, "ignore": ["lm_head"], "quant_algo": "NVFP4",
            "producer": {"name": "modelopt", "version": "0.47.0"}, "quant_method": "modelopt"}

def bnb_config(o):
    four = "type" in o
    return {"_load_in_4bit": four, "_load_in_8bit": not four, "bnb_4bit_compute_dtype": "bfloat16" if four else "float32", "bnb_4bit_quant_storage": "uint8",
            "bnb_4bit_quant_type": o.get("type", "fp4"), "bnb_4bit_use_double_quant": o.get("double", False), "llm_int8_enable_fp32_cpu_offload": False,
            "llm_int8_has_fp16_weight": False, "llm_int8_skip_modules": ["lm_head"], "llm_int8_threshold": 6.0, "load_in_4bit": four, "load_in_8bit": not four,
            "quant_method": "bitsandbytes"}

def formats(odd):
    """name -> (pack, read, configuration, options, dtype of the rest)"""
    B, H = torch.bfloat16, torch.float16
    fp8 = lambda **o: (pack_fp8, read_fp8, fp8_config, o, B)
    gptq = lambda **o: (pack_gptq, read_gptq, gptq_config, dict(dict(bits=4, group=32, sym=True), **o), H)
    cti = lambda **o: (pack_ct_int, read_ct_int, ct_int_config, dict(dict(bits=4, group=32, sym=True, pack=True), **o), B)
    ctf = lambda s: (pack_ct_float, read_ct_float, ct_float_config, dict(strategy=s), B)
    bnb = lambda t, d: (pack_bnb4, read_bnb4, bnb_config, dict(type=t, double=d), B)
    g = 64 if odd else 32
    return {
        "fp8_block": fp8(block=[128, 128]), "fp8_ue8m0": fp8(block=[128, 128], e8m0=True), "fp8_tensor": fp8(),
        "gptq": gptq(group=128), "gptq_desc_act": gptq(group=g, desc_act=True, sym=False), "gptq_no_gidx": gptq(no_gidx=True, group=g, sym=False),
        "gptq_v2": gptq(group=g, v2=True, sym=False), "gptq_8bit": gptq(bits=8, group=g),
        "awq": (pack_awq, read_awq, awq_config, dict(group=g), H),
        "ct_pack": cti(group=g), "ct_pack_asym": cti(group=g, sym=False), "ct_pack_8bit": cti(bits=8, group=None),
        "ct_float": ctf("channel"), "ct_float_tensor": ctf("tensor"), "ct_float_block": ctf("block"),
        "ct_int": cti(bits=8, group=None, pack=False),
        "bnb_nf4": bnb("nf4", False), "bnb_nf4_double": bnb("nf4", True), "bnb_fp4": bnb("fp4", False),
        "bnb_int8": (pack_bnb8, read_bnb8, bnb_config, {}, H),
        "nvfp4_ct": (pack_nvfp4, read_nvfp4, nvfp4_config, dict(ct=True), B),
        "nvfp4_modelopt": (pack_nvfp4, read_nvfp4, nvfp4_config, dict(ct=False), B),
    }

# Hidden size, intermediate size, layers, heads, key-value heads, width of a head.
SHAPES = {"base": (64, 96, 2, 4, 2, 16), "wide_base": (136, 144, 1, 4, 1, 16)}


def fresh(shape, seed):
    torch.manual_seed(seed)
    d, ff, layers, heads, kv, hd = shape
    cfg = AutoConfig.for_model("llama", vocab_size=V, hidden_size=d, intermediate_size=ff, num_hidden_layers=layers,
                               num_attention_heads=heads, num_key_value_heads=kv, head_dim=hd, max_position_embeddings=128,
                               bos_token_id=0, eos_token_id=0, tie_word_embeddings=True)
    m = AutoModelForCausalLM.from_config(cfg, attn_implementation="eager").float().eval()
    for p in m.parameters():
        if p.dim() == 1: p.add_(torch.randn_like(p) * 0.2)
        else: p.copy_(torch.randn_like(p) * (2.0 / p.shape[-1]) ** 0.5)
        p.copy_(p.bfloat16().float())
    return m


IQ4 = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)

def halves(q, n=16):
    """Codes [..., 2n] -> bytes [..., n]: low nibbles the first n, high nibbles the rest."""
    return q[..., :n] | (q[..., n:] << 4)

def argnear(x, table):
    return np.abs(x[..., None] - table).argmin(-1).astype(np.uint8)

def f16(x):
    return x.astype(np.float16).view(np.uint8)

def q_iq4_nl(x, rng):
    x = x.reshape(-1, 32)
    far = np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1)
    d = (far / np.where(rng.random(far.shape) < .5, -127, 113)).astype(np.float16)     # either end of the table
    return np.concatenate([f16(d), halves(argnear(x / d.astype(np.float32), IQ4))], 1)

E2M1x2 = np.array([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], np.float32)

def q_mxfp4(x, rng):
    x = x.reshape(-1, 32)
    e = np.ceil(np.log2(np.abs(x).max(1, keepdims=True) / 6))
    return np.concatenate([(e + 127).astype(np.uint8), halves(argnear(x / np.exp2(e - 1), E2M1x2))], 1)

def q_nvfp4(x, rng):
    x = x.reshape(-1, 4, 16)
    s = torch.from_numpy(np.abs(x).max(2) / 6).to(F8)                                  # positive, so unsigned E4M3 too
    q = argnear(x / np.maximum(s.float().numpy(), 1e-12)[..., None] * 2, E2M1x2)
    return np.concatenate([s.view(torch.uint8).numpy(), halves(q, 8).reshape(len(x), 32)], 1)

HUB = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
       "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}

def gguf_name(n):
    if n.startswith("model.layers."):
        _, _, i, rest = n.split(".", 3)
        return f"blk.{i}.{HUB[rest.removesuffix('.weight')]}.weight"
    return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}[n]

def turn(w, heads):
    """llama's queries and keys: the two halves of each turned pair become neighbours."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)

def unturn(w, heads):
    return w.reshape(heads, w.shape[0] // heads // 2, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


GGUF = {"gguf_iq4_nl": (T.IQ4_NL, q_iq4_nl), "gguf_mxfp4": (T.MXFP4, q_mxfp4), "gguf_nvfp4": (T.NVFP4, q_nvfp4)}


def make_gguf(name, kind, quantise, out, tok):
    shape = (64, 128, 2, 4, 2, 16)
    d, ff, layers, heads, kv, hd = shape
    m = fresh(shape, 11); rng = np.random.default_rng(11)
    w = gguf.GGUFWriter(out / f"{name}.gguf", "llama")
    w.add_context_length(128); w.add_embedding_length(d); w.add_block_count(layers); w.add_feed_forward_length(ff); w.add_head_count(heads)
    w.add_head_count_kv(kv); w.add_key_length(hd); w.add_value_length(hd); w.add_rope_dimension_count(hd); w.add_rope_freq_base(10000.0)
    w.add_layer_norm_rms_eps(m.config.rms_norm_eps); w.add_vocab_size(V); w.add_quantization_version(2)
    j = json.loads(tok.backend_tokenizer.to_str()); ids = {i: s for s, i in j["model"]["vocab"].items()}
    w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("gpt-2"); w.add_token_list([ids[i] for i in range(V)]); w.add_token_types([3] + [1] * (V - 1))
    w.add_token_merges([" ".join(p) if not isinstance(p, str) else p for p in j["model"]["merges"]]); w.add_bos_token_id(0); w.add_eos_token_id(0)
    for n, p in m.state_dict().items():
        if n == "lm_head.weight": continue
        x = p.numpy().copy()
        if x.ndim == 1: w.add_tensor(gguf_name(n), x); continue
        h = heads if "q_proj" in n else kv if "k_proj" in n else 0
        if h: x = turn(x, h)
        b = quantise(np.ascontiguousarray(x), rng)
        dense = gguf.quants.dequantize(b, kind).reshape(x.shape)
        w.add_tensor(gguf_name(n), b.reshape(x.shape[0], -1), raw_dtype=kind)
        p.copy_(torch.from_numpy(np.ascontiguousarray(unturn(dense, h) if h else dense)))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    text = json.dumps({"golden": {"arch": "llama", "cases": [reference(m, tok, PROMPTS[0], 4)]}}, ensure_ascii=False)
    (out / f"{name}.json").write_text(text + "\n")


@torch.no_grad()
def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("out", type=pathlib.Path); ap.add_argument("--only", default="")
    a = ap.parse_args(); a.out.mkdir(parents=True, exist_ok=True)
    tok = tokenizer()
    for name, (kind, quantise) in GGUF.items():
        if not a.only or name in a.only.split(','): make_gguf(name, kind, quantise, a.out, tok)
    for name, (pack, read, config, o, _) in formats(False).items():
        if a.only and name not in a.only.split(","): continue
        base = "wide_base" if "block" in name or "ue8m0" in name else "base"
        m = fresh(SHAPES[base], 3 if base == "base" else 5)
        out, rest = {}, {}
        torch.manual_seed(len(name))
        for n, p in m.state_dict().items():
            if n == "lm_head.weight": continue
            if p.dim() == 1 or "embed" in n: rest[n] = p.bfloat16().contiguous(); continue
            t = pack(p, o)
            p.copy_(read(t, *p.shape, o))
            out.update({f"{n.removesuffix('.weight')}.{k}": v.contiguous() for k, v in t.items()})
        save_file(rest, a.out / f"{base}.safetensors"); save_file(out, a.out / f"{name}.safetensors")
        d, ff, layers, heads, kv, hd = SHAPES[base]
        c = {"model_type": "llama", "vocab_size": V, "hidden_size": d, "intermediate_size": ff, "num_hidden_layers": layers,
             "num_attention_heads": heads, "num_key_value_heads": kv, "head_dim": hd, "max_position_embeddings": 128,
             "bos_token_id": 0, "eos_token_id": 0, "tie_word_embeddings": True, "rms_norm_eps": m.config.rms_norm_eps, "hidden_act": "silu",
             "quantization_config": config(o)}
        g = {"arch": "llama", "cases": [reference(m, tok, PROMPTS[0], 4)]}
        text = json.dumps({"base": base, "config": c, "golden": g}, ensure_ascii=False)
        (a.out / f"{name}.json").write_text(text + "\n")
        print(name, (a.out / f"{name}.safetensors").stat().st_size, flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
