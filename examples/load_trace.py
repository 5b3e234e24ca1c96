#!/usr/bin/env python3
"""Loads what `lenscape trace` saves into numpy and pandas, and prints each layer's mean rank.

    for kind in safetensors csv json; do
      lenscape trace 'The keys to the cabinet' --output run.$kind
    done
    python examples/load_trace.py run.safetensors run.csv run.json

Needs numpy, pandas and safetensors."""
import json, sys
import pandas as pd
from safetensors.numpy import load_file

arrays, cells, trace = sys.argv[1:]

# 1. Arrays: rows begin with the embedding, so layer l is row l + 1. "states" has the hidden states.
ranks = load_file(arrays)["ranks"]                       # [steps, layers + 1]
print("safetensors", *(f"{rank:.2f}" for rank in ranks.mean(axis=0)))

# 2. One line a cell. Tokens such as "null" are texts, so nothing but an empty number is missing.
table = pd.read_csv(cells, keep_default_na=False, na_values={"logit_change": [""]})
print("csv", *(f"{rank:.2f}" for rank in table.groupby("layer", sort=False)["rank"].mean()))

# 3. Everything that the screens show, the best tokens of each cell and what is watched among it.
steps = json.load(open(trace, encoding="utf-8"))["steps"]
frame = pd.DataFrame([[step["embedding"]["rank"]] + [cell["rank"] for cell in step["layers"]] for step in steps],
                     index=[step["text"] for step in steps])
print("json", *(f"{rank:.2f}" for rank in frame.mean()))
