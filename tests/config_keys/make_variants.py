#!/usr/bin/env python3
"""Make what Hugging Face transformers does with other values of the keys of config.json.

    python make_variants.py [NAME...]

With names, only those variants are made anew, beside the others that there are. Needs what ../fixtures/make_fixtures.py needs. Each variant is a fixture whose config.json has other
keys; the weights stay. It writes, beside this file,
    variants.json      [{name, fixture, set, remove, golden}]: golden in the form of a fixture's, or
                       null where transformers itself refuses the file or computes something that
                       is not read (those are to be refused)
    transformers.json  {model_type: {key: what transformers takes where a file leaves it out}}
"""
import dataclasses, json, pathlib, sys, tempfile, shutil
import torch
HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
sys.path.insert(0, str(FIXTURES))
from make_fixtures import reference  # noqa: E402
from make_hybrids import parts  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig  # noqa: E402
from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: E402

TYPES = """llama mistral mixtral qwen2 qwen2_moe qwen2_vl_text qwen2_5_vl_text qwen3 qwen3_moe qwen3_vl_text
qwen3_next qwen3_5_text qwen3_5_moe_text lfm2 lfm2_moe gemma3n_text gemma4_text gemma4_unified_text mamba falcon_mamba mamba2 deepseek_v2 deepseek_v3
smollm3 gemma gemma2 gemma3_text olmo2 olmoe phi3 granite cohere cohere2 stablelm starcoder2 phi falcon bloom gptj
gpt_neox gpt_neo opt gpt2 olmo3 ministral3 glm glm4 glm4_moe granitemoehybrid falcon_h1 nemotron_h llama4_text exaone4 ernie4_5 ernie4_5_moe hunyuan_v1_dense
seed_oss arcee apertus nanochat helium internlm3 phimoe nemotron gpt_bigcode codegen persimmon xglm gpt_oss""".split()
# InternLM2's configuration class is published beside the model and not within transformers.
OWN = {"internlm2": dict(vocab_size=103168, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32,
       num_key_value_heads=None, hidden_act="silu", max_position_embeddings=2048, initializer_range=0.02, rms_norm_eps=1e-6, use_cache=True,
       pad_token_id=0, bos_token_id=1, eos_token_id=2, tie_word_embeddings=False, bias=True, rope_theta=10000, rope_scaling=None,
       attn_implementation="eager", aliases={})}
# Longer than every window below.
PROMPT = "The countries of the European Union are:\n1. Austria\n2."
ROPE = ["rope_parameters"]
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)
LOCAL, GLOBAL = "sliding_attention", "full_attention"
PLAIN = dict(rope_type="default", rope_theta=1e4)
LONG = dict(short_factor=[1.5, 1.25], long_factor=[2.0, 2.0])

# name, fixture, keys that are set, keys that are removed
NUMBERS = [
    # Where the base of a rotation stands.
    ("theta-in-scaling", "llama", dict(rope_scaling=dict(type="linear", factor=4.0, rope_theta=500.0)), ROPE),
    ("theta-beside-scaling", "llama", dict(rope_theta=300.0, rope_scaling=dict(type="linear", factor=2.0)), ROPE),
    ("theta-in-both", "llama", dict(rope_theta=300.0, rope_scaling=dict(type="linear", factor=2.0, rope_theta=900.0)), ROPE),
    ("scaling-over-parameters", "llama", dict(rope_scaling=dict(type="linear", factor=8.0)), []),
    ("theta-left-out", "llama", dict(rope_parameters=dict(rope_type="linear", factor=2.0)), []),
    ("theta-of-type-left-out", "mixtral", {}, ROPE),
    ("theta-of-cohere-left-out", "cohere", {}, ROPE),
    ("theta-of-smollm3-left-out", "smollm3", {}, ROPE),
    # YaRN.
    ("yarn-mscale", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, mscale=1.0, mscale_all_dim=0.5)), []),
    ("yarn-mscale-equal", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, mscale=0.7, mscale_all_dim=0.7)), []),
    ("yarn-mscale-alone", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, mscale=0.7)), []),
    ("yarn-attention-factor", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, attention_factor=1.5, mscale=1.0, mscale_all_dim=0.5)), []),
    ("yarn-not-truncated", "llama", dict(rope_parameters=dict(YARN, rope_theta=100.0, truncate=False)), []),
    ("yarn-betas", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, beta_fast=8.0, beta_slow=0.5)), []),
    ("yarn-betas-zero", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, beta_fast=0, beta_slow=0)), []),
    ("yarn-factor-null", "llama", dict(rope_parameters=dict(YARN, rope_theta=1e4, factor=None)), []),
    ("yarn-original-beside", "llama", dict(original_max_position_embeddings=16, rope_parameters=dict(YARN, rope_theta=1e4)), []),
    ("yarn-original-left-out", "llama", dict(rope_scaling=dict(type="yarn", factor=2.0)), ROPE),
    ("llama3-original-beside", "llama", dict(original_max_position_embeddings=16, rope_parameters=dict(rope_type="llama3", rope_theta=1e4, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)), []),
    # Parts of heads.
    ("part-in-llama", "llama", dict(partial_rotary_factor=0.5), []),
    ("part-inside-in-llama", "llama", dict(rope_parameters=dict(rope_type="default", rope_theta=1e4, partial_rotary_factor=0.5)), []),
    ("part-of-stablelm-left-out", "stablelm", {}, ROPE),
    ("part-of-stablelm", "stablelm", dict(partial_rotary_factor=0.5), ROPE),
    ("part-of-phi-left-out", "phi", {}, ROPE),
    ("part-of-phi-in-scaling", "phi", dict(rope_scaling=dict(type="linear", factor=2.0, partial_rotary_factor=0.25)), ROPE),
    ("part-of-phi3", "phi3", dict(partial_rotary_factor=0.5), ROPE),
    ("part-of-gpt-neox-left-out", "gpt_neox", {}, ROPE),
    ("part-of-gpt-neox", "gpt_neox", dict(rotary_pct=0.5, rotary_emb_base=500), ROPE),
    ("theta-in-gpt-neox", "gpt_neox", dict(rope_theta=500.0), ROPE),
    ("longrope-by-yarn-in-phi3", "phi3_longrope", dict(rope_scaling=dict(LONG, type="yarn")), ROPE),
    # Windows.
    ("window-in-llama", "llama", dict(sliding_window=4), []),
    ("window-of-mistral-left-out", "mistral", {}, ["sliding_window"]),
    ("window-of-mistral-null", "mistral", dict(sliding_window=None), []),
    ("layer-types-in-mistral", "mistral", dict(layer_types=["full_attention"] * 4, sliding_window=4), []),
    ("window-of-qwen2", "qwen2", dict(use_sliding_window=True, sliding_window=6, max_window_layers=1), ["layer_types"]),
    ("window-of-qwen2-first-left-out", "qwen2", dict(use_sliding_window=True, sliding_window=4), ["layer_types", "max_window_layers"]),
    ("window-of-qwen2-not-used", "qwen2", dict(sliding_window=4, max_window_layers=0), ["layer_types", "use_sliding_window"]),
    ("window-of-qwen2-listed", "qwen2", dict(use_sliding_window=True, sliding_window=4, layer_types=["sliding_attention", "full_attention"] * 2), []),
    ("window-of-qwen3", "qwen3", dict(use_sliding_window=True, sliding_window=4, max_window_layers=1), ["layer_types"]),
    ("window-of-qwen2-moe", "qwen2_moe", dict(use_sliding_window=True, sliding_window=4, max_window_layers=3), ["layer_types"]),
    ("window-of-qwen3-moe", "qwen3_moe", dict(use_sliding_window=True, sliding_window=4, max_window_layers=3), []),
    ("window-of-smollm3", "smollm3", dict(use_sliding_window=True, sliding_window=4), ["layer_types", "no_rope_layers"]),
    ("rotations-of-smollm3", "smollm3", dict(no_rope_layer_interval=2), ["layer_types", "no_rope_layers"]),
    ("window-of-mixtral", "mixtral", dict(sliding_window=4), []),
    ("window-of-phi3", "phi3", dict(sliding_window=4), []),
    ("window-of-starcoder2", "starcoder2", dict(sliding_window=4), []),
    ("pattern-of-gemma3", "gemma3", dict(sliding_window_pattern=2), ["layer_types", "_sliding_window_pattern"]),
    ("pattern-of-gemma3-underscored", "gemma3", dict(_sliding_window_pattern=2), ["layer_types"]),
    ("pattern-of-cohere2", "cohere2", dict(sliding_window_pattern=2), ["layer_types", "_sliding_window_pattern"]),
    ("pattern-of-cohere2-underscored", "cohere2", dict(_sliding_window_pattern=2), ["layer_types"]),
    ("layers-of-gemma2", "gemma2", dict(layer_types=["full_attention", "full_attention", "sliding_attention", "full_attention"]), []),
    # Gemma.
    ("scores-of-gemma3", "gemma3", dict(attn_logit_softcapping=1.0), []),
    ("logits-of-gemma3", "gemma3", dict(final_logit_softcapping=2.0), []),
    ("rotations-of-gemma3", "gemma3", dict(rope_parameters=dict(
        full_attention=dict(rope_type="linear", factor=4.0, rope_theta=5e4),
        sliding_attention=dict(rope_type="linear", factor=2.0, rope_theta=500.0))), []),
    ("rotations-of-gemma3-left-out", "gemma3", {}, ROPE),
    ("rotations-of-gemma3-as-before", "gemma3", dict(rope_theta=3e4, rope_local_base_freq=700.0, rope_scaling=dict(rope_type="linear", factor=8.0)), ROPE),
    ("scalar-of-gemma3", "gemma3", dict(query_pre_attn_scalar=64), []),
    ("caps-of-gemma2-left-out", "gemma2", {}, ["attn_logit_softcapping", "final_logit_softcapping", "sliding_window", "layer_types"]),
    ("caps-of-gemma2-null", "gemma2", dict(attn_logit_softcapping=None, final_logit_softcapping=None), []),
    ("activation-of-gemma", "gemma", dict(hidden_act="gelu"), []),
    ("third-activation-of-gemma", "gemma", dict(hidden_act="relu"), []),
    ("second-activation-of-gemma", "gemma", dict(hidden_activation="relu"), []),
    ("second-activation-of-gemma2", "gemma2", dict(hidden_act="relu"), []),
    # Others.
    ("multipliers-of-granite-left-out", "granite", {}, ["attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling"]),
    ("scale-of-cohere-left-out", "cohere", {}, ["logit_scale"]),
    ("experts-of-mixtral", "mixtral", dict(num_experts_per_tok=1, router_jitter_noise=0.5), []),
    ("experts-of-olmoe", "olmoe", dict(norm_topk_prob=True), []),
    ("experts-of-qwen3-moe", "qwen3_moe", dict(norm_topk_prob=False), []),
    ("scores-of-gpt2", "gpt2", dict(scale_attn_weights=False), []),
    ("scores-of-gpt2-by-layer", "gpt2", dict(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True), []),
    ("width-of-gpt2-by-its-other-name", "gpt2", dict(hidden_size=32, num_hidden_layers=4, num_attention_heads=4), ["n_embd", "n_layer", "n_head"]),
    ("window-of-gpt-neo-left-out", "gpt_neo", {}, ["window_size"]),
    ("layers-of-gpt-neo", "gpt_neo", dict(attention_types=[[["local"], 4]]), ["attention_layers"]),
    ("activation-of-opt", "opt", dict(activation_function="gelu"), []),
    ("activation-of-llama", "llama", dict(hidden_act="relu"), []),
    ("sums-of-bloom", "bloom", dict(pretraining_tp=2), []),
    ("biases-of-falcon", "falcon_alibi", {}, []),
    ("residual-of-gpt-neox", "gpt_neox", dict(use_parallel_residual=False), []),
    ("epsilon-left-out", "llama", {}, ["rms_norm_eps"]),
    ("epsilon-of-mixtral-left-out", "mixtral", {}, ["rms_norm_eps"]),
    ("epsilon-large", "olmo2", dict(rms_norm_eps=0.1), []),
    ("activation-left-out", "phi", {}, ["hidden_act"]),
    # Those that came later.
    ("rotations-of-olmo3-as-before", "olmo3", dict(rope_theta=3e4, rope_scaling=dict(YARN, original_max_position_embeddings=16, attention_factor=1.3)), ROPE),
    ("rotations-of-olmo3-left-out", "olmo3", {}, ROPE),
    ("rotation-of-olmo3-not-truncated", "olmo3", dict(rope_parameters={LOCAL: PLAIN, GLOBAL: dict(YARN, rope_theta=100.0, truncate=False)}), []),
    ("local-rotation-of-olmo3", "olmo3", dict(rope_parameters={LOCAL: dict(rope_type="linear", factor=3.0, rope_theta=500.0), GLOBAL: PLAIN}), []),
    ("layers-of-olmo3-left-out", "olmo3", {}, ["layer_types"]),
    ("rotation-of-ministral3-left-out", "ministral3", {}, ROPE),
    ("temperature-of-ministral3", "ministral3", dict(rope_parameters=dict(YARN, rope_theta=1e4, original_max_position_embeddings=8, llama_4_scaling_beta=0.7)), []),
    ("window-of-ministral3", "ministral3", dict(sliding_window=4), []),
    ("part-of-glm4-left-out", "glm4", {}, ROPE + ["attention_bias", "rms_norm_eps"]),
    ("part-of-glm-scaled", "glm", dict(rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=1e4, partial_rotary_factor=0.25)), []),
    ("positions-of-granite4", "granitemoehybrid", dict(position_embedding_type=None), []),
    ("multipliers-of-granite4-left-out", "granitemoehybrid", {}, ["attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling"]),
    ("layers-of-granite4-as-before", "granitemoehybrid", dict(layer_types=["attention"] * 2), []),
    ("layers-of-granite4-by-their-other-name", "granitemoehybrid", dict(layers_block_type=[GLOBAL] * 2), ["layer_types"]),
    ("layers-of-exaone4-left-out", "exaone4", {}, ["layer_types"]),
    ("window-of-exaone4-null", "exaone4", dict(sliding_window=None, layer_types=[GLOBAL] * 2), []),
    ("pattern-of-exaone4", "exaone4", dict(sliding_window_pattern="GL"), []),
    ("theta-of-ernie-left-out", "ernie4_5", {}, ROPE),
    ("experts-of-ernie", "ernie4_5_moe", dict(moe_k=1), []),
    ("least-sum-of-ernie", "ernie4_5_moe", dict(moe_norm_min=0.9), []),
    ("last-layer-of-ernie", "ernie4_5_moe", dict(moe_layer_end_index=-1), []),
    ("rotation-of-hunyuan-without-alpha", "hunyuan_v1_dense", dict(rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=1e4)), []),
    ("rotation-of-hunyuan-with-alpha", "hunyuan_v1_dense", dict(rope_parameters=dict(rope_type="dynamic", factor=2.0, alpha=3.0, rope_theta=500.0)), []),
    ("biases-of-seed-oss-left-out", "seed_oss", {}, ["attention_bias"]),
    ("activation-of-arcee", "arcee", dict(hidden_act="silu"), []),
    ("rotation-of-apertus-left-out", "apertus", {}, ROPE),
    ("cap-of-nanochat-null", "nanochat", dict(final_logit_softcapping=None), []),
    ("cap-of-nanochat-left-out", "nanochat", {}, ["final_logit_softcapping"]),
    ("theta-of-helium-left-out", "helium", {}, ROPE + ["rms_norm_eps"]),
    ("biases-of-internlm3-by-their-other-names", "internlm3", dict(qkv_bias=True, bias=True), ["attention_bias", "mlp_bias"]),
    ("router-of-phimoe", "phimoe", dict(router_jitter_noise=0.2), []),
    ("window-of-phimoe", "phimoe", dict(sliding_window=4), []),
    ("part-of-nemotron-left-out", "nemotron", {}, ROPE + ["norm_eps"]),
    ("activation-of-nemotron", "nemotron", dict(hidden_act="gelu"), []),
    ("scores-of-gpt-bigcode", "gpt_bigcode", dict(scale_attn_weights=False, attention_softmax_in_fp32=False), []),
    ("part-of-codegen", "codegen", dict(rotary_dim=2), []),
    ("part-of-persimmon-left-out", "persimmon", {}, ROPE),
    ("rotation-of-gpt-oss-left-out", "gpt_oss", {}, ROPE),
    ("rotation-of-gpt-oss-truncated", "gpt_oss", dict(rope_parameters=dict(YARN, rope_theta=100.0)), []),
    ("clamp-of-gpt-oss", "gpt_oss", dict(swiglu_alpha=1.0, swiglu_limit=0.5), []),
    ("layers-of-gpt-oss-left-out", "gpt_oss", {}, ["layer_types"]),
    ("experts-of-gpt-oss", "gpt_oss", dict(num_experts_per_tok=3), []),
    ("groups-of-glm4-moe", "glm4_moe", dict(n_group=1, norm_topk_prob=False), []),
    ("scale-of-glm4-moe-left-out", "glm4_moe", {}, ["routed_scaling_factor"] + ROPE),
    # Blocks that are not all attention.
    ("epsilon-of-falcon-mamba", "falcon_mamba", dict(mixer_rms_eps=0.3), []),
    ("epsilon-of-falcon-mamba-left-out", "falcon_mamba", {}, ["mixer_rms_eps"]),
    ("limits-of-granite4-mamba", "granitemoehybrid_mamba", dict(time_step_limit=[0.1, 0.4]), []),
    ("head-of-granite4-mamba-auto", "granitemoehybrid_mamba", dict(mamba_d_head="auto"), []),
    ("layers-of-granite4-mamba-as-before", "granitemoehybrid_mamba", dict(layer_types=["mamba", "mamba", "attention"]), []),
    ("positions-of-granite4-mamba", "granitemoehybrid_mamba", dict(position_embedding_type="rope"), []),
    ("positions-of-granite4-mamba-by-name", "granitemoehybrid_mamba", dict(position_embedding_type="nope"), []),
    ("router-of-lfm2-moe", "lfm2_moe", dict(norm_topk_prob=False, routed_scaling_factor=1.7), []),
    ("experts-of-lfm2-moe", "lfm2_moe", dict(num_experts_per_tok=3), []),
    ("router-of-lfm2-moe-left-out", "lfm2_moe", {}, ["norm_topk_prob", "routed_scaling_factor", "use_expert_bias"] + ROPE),
    ("multipliers-of-falcon-h1-left-out", "falcon_h1", {}, ["mlp_multipliers", "ssm_multipliers", "key_multiplier", "ssm_in_multiplier", "lm_head_multiplier", "embedding_multiplier"]),
    ("outputs-of-falcon-h1", "falcon_h1", dict(attention_out_multiplier=1.5, ssm_out_multiplier=0.2, attention_in_multiplier=1.0), []),
    ("norm-of-falcon-h1-before-its-gates", "falcon_h1_norm", dict(mamba_norm_before_gate=True), []),
    ("rotation-of-falcon-h1", "falcon_h1", dict(rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=500.0)), []),
    ("layers-of-nemotron-h-as-before", "nemotron_h", dict(hybrid_override_pattern="M-*-"), ["layers_block_type"]),
    ("layers-of-nemotron-h-by-their-other-name", "nemotron_h", dict(layer_types=["mamba", "mlp", "attention", "mlp"]), ["layers_block_type"]),
    ("keys-of-nemotron-h-as-before", "nemotron_h", dict(mamba_n_groups=2, mamba_d_conv=4, mamba_conv_bias=True, num_hidden_layers=7), ["n_groups", "conv_kernel", "use_conv_bias"]),
    ("limits-of-nemotron-h", "nemotron_h", dict(time_step_limit=[0.1, 0.4]), []),
    ("least-rate-of-nemotron-h", "nemotron_h", dict(time_step_min=0.4), []),
    ("least-rate-of-nemotron-h-left-out", "nemotron_h", {}, ["time_step_min"]),
    ("activation-of-nemotron-h", "nemotron_h", dict(mlp_hidden_act="silu"), []),
    ("router-of-nemotron-h", "nemotron_h_moe", dict(norm_topk_prob=False, routed_scaling_factor=0.7, n_group=2, topk_group=1), []),
    ("chunks-of-llama4", "llama4", dict(attention_chunk_size=3), ["layer_types"]),
    ("chunks-of-llama4-null", "llama4", dict(attention_chunk_size=None), ["layer_types"]),
    ("layers-of-llama4", "llama4", dict(layer_types=["full_attention", "chunked_attention"] * 2, attention_chunk_size=3), []),
    ("rotations-of-llama4", "llama4", dict(no_rope_layers=[0, 1, 1, 0]), ["layer_types"]),
    ("rotations-of-llama4-by-interval", "llama4", dict(no_rope_layer_interval=2), ["layer_types", "no_rope_layers"]),
    ("sharpness-of-llama4", "llama4", dict(floor_scale=3, attn_scale=0.9), []),
    ("sharpness-of-llama4-off", "llama4", dict(attn_temperature_tuning=False, floor_scale=3), []),
    ("chunks-and-sharpness-of-llama4", "llama4", dict(attention_chunk_size=6, floor_scale=8, attn_scale=0.4), []),
    ("norms-of-llama4-off", "llama4", dict(use_qk_norm=False), []),
    ("experts-of-llama4", "llama4", dict(num_experts_per_tok=2), []),
    ("rotation-of-llama4-left-out", "llama4", {}, ROPE),
    ("experts-of-gemma4", "gemma4_moe", dict(top_k_experts=1), []),
    ("sparsity-of-gemma3n", "gemma3n", dict(activation_sparsity_pattern=[0.0, 0.3, 0.95, 0.0]), []),
    ("sparsity-of-gemma3n-left-out", "gemma3n", {}, ["activation_sparsity_pattern"]),
    ("streams-of-gemma3n", "gemma3n", dict(altup_active_idx=2), []),
    ("scales-of-gemma3n-off", "gemma3n", dict(altup_correct_scale=False), []),
    ("cap-of-gemma3n", "gemma3n", dict(final_logit_softcapping=2.0), []),
    ("width-of-gemma3n-as-one-number", "gemma3n", dict(intermediate_size=40), []),
    ("rotations-of-gemma3n-left-out", "gemma3n", {}, ROPE),
    ("rotations-of-gemma3n-as-before", "gemma3n", dict(rope_theta=3e4, rope_local_base_freq=700.0), ROPE),
    ("layers-of-gemma3n", "gemma3n", dict(layer_types=["full_attention", "sliding_attention"] * 2), []),
    ("window-of-gemma4-unified", "gemma4_unified", dict(sliding_window=3, attention_k_eq_v=True), []),
    # Of the mixers that came before.
    ("limits-of-mamba2", "mamba2", dict(time_step_limit=[0.1, 0.4]), []),
    ("rank-of-mamba-left-out", "mamba", dict(layer_norm_epsilon=0.1), []),
    ("experts-of-qwen3-next", "qwen3_next", dict(norm_topk_prob=False, num_experts_per_tok=1), []),
    ("sparse-step-of-qwen3-next", "qwen3_next", dict(mlp_only_layers=[]), []),
    ("rotation-of-qwen3-5", "qwen3_5", dict(rope_parameters=dict(rope_type="default", rope_theta=500.0, partial_rotary_factor=0.5)), []),
    ("experts-of-qwen3-5", "qwen3_5_moe", dict(num_experts_per_tok=3), []),
    ("theta-of-lfm2-left-out", "lfm2", {}, ROPE),
    ("layers-of-lfm2-as-before", "lfm2", dict(full_attn_idxs=[1]), ["layer_types"]),
    ("rotation-of-deepseek-v2", "deepseek_v2", dict(rope_parameters=dict(YARN, rope_theta=1e4, mscale=0.7, mscale_all_dim=0.7)), []),
    ("router-of-deepseek-v2", "deepseek_v2", dict(topk_method="greedy", routed_scaling_factor=0.7), []),
    ("router-of-deepseek-v3", "deepseek_v3", dict(norm_topk_prob=False, n_group=1, topk_group=1), []),
    ("rotation-of-deepseek-v3-left-out", "deepseek_v3", {}, ROPE),
    ("pairs-of-deepseek-v3", "deepseek_v3", dict(rope_interleave=False), []),
    ("cap-of-gemma4", "gemma4", dict(final_logit_softcapping=2.0), []),
    ("window-of-gemma4", "gemma4_plain", dict(sliding_window=3), []),
    ("rotations-of-gemma4-left-out", "gemma4_plain", {}, ROPE),
    ("dropouts", "gpt2", dict(resid_pdrop=0.9, embd_pdrop=0.9, attn_pdrop=0.9), []),
]
# Falcon's biases are rounded: a prompt so long that it shows.
LONG_PROMPTS = {"biases-of-falcon": PROMPT * 5}
# What transformers computes otherwise, or not at all; these must be refused.
REFUSED = [
    ("not-causal", "llama", dict(is_causal=False), []),
    ("bidirectional-gemma", "gemma", dict(use_bidirectional_attention=True), []),
    ("bidirectional-gemma2", "gemma2", dict(use_bidirectional_attention=True), []),
    ("bidirectional-gemma3", "gemma3", dict(use_bidirectional_attention=True), []),
    ("encoder-decoder", "llama", dict(is_encoder_decoder=True), []),
    ("cross-attention", "gpt2", dict(add_cross_attention=True), []),
    ("layers-of-their-own", "llama", dict(per_layer_config={"1": {"num_key_value_heads": 4}}), []),
    ("other-weights", "llama", dict(transformers_weights="other.safetensors"), []),
    ("gptq", "llama", dict(quantization_config=dict(quant_method="gptq", bits=4)), []),
    ("bitnet-online", "llama", dict(quantization_config=dict(quant_method="bitnet", quantization_mode="online")), []),
    ("mlx", "llama", dict(quantization=dict(group_size=64, bits=4)), []),
    ("part-of-a-scaled-rotation", "llama", dict(partial_rotary_factor=0.5, rope_scaling=dict(type="linear", factor=2.0)), ROPE),
    ("unknown-rotation", "llama", dict(rope_scaling=dict(type="spiral", factor=2.0)), ROPE),
    ("norms-of-phi", "phi", dict(qk_layernorm=True), []),
    ("clipped-olmoe", "olmoe", dict(clip_qkv=1.0), []),
    ("norms-of-opt-without-weights", "opt", dict(layer_norm_elementwise_affine=False), []),
    ("bias-of-bloom", "bloom", dict(slow_but_exact=True), []),
    ("residual-of-bloom", "bloom", dict(apply_residual_connection_post_layernorm=True), []),
    ("unknown-activation", "llama", dict(hidden_act="quick_gelu"), []),
    ("infinite-epsilon", "llama", dict(rms_norm_eps=float("inf")), []),
    ("window-of-nothing", "mistral", dict(sliding_window=0), []),
    ("window-listed-and-not-used", "qwen2_moe", dict(use_sliding_window=False, layer_types=["sliding_attention"] * 4), []),
    ("rotation-of-kinds-of-layers", "llama", dict(rope_parameters=dict(full_attention=dict(rope_type="default", rope_theta=500.0))), []),
    ("kind-of-layer", "olmo3", dict(layer_types=["chunked_attention", GLOBAL]), []),
    ("fewer-layers", "gpt_oss", dict(layer_types=[GLOBAL]), []),
    ("flat-rotation-of-olmo3", "olmo3", dict(rope_parameters=PLAIN), []),
    ("layer-of-granite4", "granitemoehybrid", dict(layer_types=["moe", GLOBAL]), []),
    ("activation-of-granite4-mamba", "granitemoehybrid_mamba", dict(hidden_act="gelu"), []),
    ("heads-of-granite4-mamba", "granitemoehybrid_mamba", dict(mamba_n_heads=3), []),
    ("groups-of-granite4-mamba", "granitemoehybrid_mamba", dict(mamba_n_groups=3), []),
    ("activation-of-falcon-mamba", "falcon_mamba", dict(hidden_act="gelu"), []),
    ("activation-of-falcon-h1", "falcon_h1", dict(hidden_act="gelu"), []),
    ("multipliers-of-falcon-h1", "falcon_h1", dict(ssm_multipliers=[1.0, 2.0]), []),
    ("heads-of-falcon-h1", "falcon_h1", dict(mamba_n_heads=5), []),
    ("part-of-nemotron-h", "nemotron_h", dict(layers_block_type=["mamba", "mlp", "conv", "mlp"]), []),
    ("letter-of-nemotron-h", "nemotron_h", dict(hybrid_override_pattern="M-X-", layers_block_type=None), []),
    ("activation-of-nemotron-h-mamba", "nemotron_h", dict(mamba_hidden_act="gelu"), []),
    ("biases-of-nemotron-h-experts", "nemotron_h_moe", dict(mlp_bias=True), []),
    ("chunk-of-nothing", "llama4", dict(attention_chunk_size=0), []),
    ("kind-of-layer-of-llama4", "llama4", dict(layer_types=["sliding_attention"] * 4), []),
    ("more-experts-of-llama4", "llama4", dict(num_experts_per_tok=5), []),
    ("no-experts-of-gemma4", "gemma4_moe", dict(num_experts=None), []),
    ("streams-that-are-not-there", "gemma3n", dict(altup_active_idx=4), []),
    ("sparsity-of-fewer-layers", "gemma3n", dict(activation_sparsity_pattern=[0.5]), []),
    ("widths-of-fewer-layers", "gemma3n", dict(intermediate_size=[40]), []),
    ("activation-of-mamba", "mamba", dict(hidden_act="gelu"), []),
    ("gates-of-mamba2", "mamba2", dict(norm_before_gate=True), []),
    ("heads-of-mamba2", "mamba2", dict(num_heads=3), []),
    ("kind-of-layer-of-lfm2", "lfm2", dict(layer_types=["mamba"] * 4), []),
    ("bidirectional-gemma4-unified", "gemma4_unified", dict(use_bidirectional_attention="all"), []),
    ("activation-of-gemma4", "gemma4", dict(hidden_activation="relu"), []),
    ("other-positions-of-granite4", "granitemoehybrid", dict(position_embedding_type="alibi"), []),
    ("experts-of-phimoe", "phimoe", dict(num_experts_per_tok=1), []),
    ("rotation-of-phimoe", "phimoe", dict(rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=1e4)), []),
    ("groups-that-do-not-part", "glm4_moe", dict(n_group=3), []),
    ("bias-of-ernie-moe", "ernie4_5_moe", dict(use_bias=True), []),
    ("pattern-of-exaone4-alone", "exaone4", dict(sliding_window_pattern="LG"), ["layer_types"]),
    ("heads-of-codegen", "codegen", dict(n_head=2), []),
    ("biases-of-internlm3", "internlm3", dict(attention_bias=False), []),
    ("beta-of-ministral3-left-out", "ministral3", dict(rope_parameters=dict(YARN, rope_theta=1e4)), []),
    ("flat-rotation-of-gemma3", "gemma3", dict(rope_parameters=dict(rope_type="default", rope_theta=500.0)), []),
]

def changed(fixture, new, old):
    config = json.loads((FIXTURES / fixture / "config.json").read_text())
    for key in old:
        config.pop(key, None)
    return config | new

def golden(fixture, new, old, prompt=PROMPT):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for file in (FIXTURES / fixture).iterdir():
            if file.name not in ("config.json", "golden.json"):
                shutil.copy(file, folder)
        (folder / "config.json").write_text(json.dumps(changed(fixture, new, old)))
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        return {"cases": [reference(model, AutoTokenizer.from_pretrained(folder), prompt, 3, parts(model))]}

def defaults(kind):
    cls, found = CONFIG_MAPPING[kind], {}
    for field in dataclasses.fields(cls):
        value = None if field.default is dataclasses.MISSING else field.default
        found[field.name] = value if isinstance(value, (int, float, str, bool, list)) else None
    base = {f.name for f in dataclasses.fields(PreTrainedConfig)}
    return {key: value for key, value in found.items() if key not in base} | {"aliases": dict(cls.attribute_map)}

def main():
    variants, plain = [], {}
    kept = {v["name"]: v for v in json.loads((HERE / "variants.json").read_text())} if sys.argv[1:] else {}
    for name, fixture, new, old in NUMBERS:
        if name in kept and name not in sys.argv[1:]:
            variants.append(kept[name])
            continue
        try:
            gold = golden(fixture, new, old, LONG_PROMPTS.get(name, PROMPT))
        except Exception as error:
            print(f"{name:40} FAILS: {str(error).strip().splitlines()[-1]}")
            continue
        if fixture not in plain:
            plain[fixture] = golden(fixture, {}, [])
        same = [s["layers"][-1]["logit"] for s in gold["cases"][0]["steps"]] == [s["layers"][-1]["logit"] for s in plain[fixture]["cases"][0]["steps"]]
        print(f"{name:40} {'as the fixture' if same else 'other numbers'}")
        variants.append(dict(name=name, fixture=fixture, set=new, remove=old, golden=gold))
    for name, fixture, new, old in REFUSED:
        variants.append(dict(name=name, fixture=fixture, set=new, remove=old, golden=None))
    text = ",\n".join(json.dumps(v, ensure_ascii=False) for v in variants)
    (HERE / "variants.json").write_text("[\n" + text.replace("Infinity", '"Infinity"') + "\n]\n")
    (HERE / "transformers.json").write_text(json.dumps({k: defaults(k) for k in TYPES} | OWN, indent=1) + "\n")
if __name__ == "__main__":
    main()
