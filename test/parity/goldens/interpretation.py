"""Reference values of what prefixes say: the vocabulary words nearest to each prefix vector by cosine, in GPT-2's word
table and in one with a low-rank delta (the word-training goldens' A, and their gradient of B, enlarged).

    pip install numpy safetensors
    python interpretation.py        # beside inference.safetensors and word-training.safetensors; writes interpretation.json
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

GOLDENS = Path(__file__).parent
DEMO = GOLDENS.parents[2] / "models" / "demo"
TOP_K, DELTA_SCALE = 8, 20.0

weights = load_file(DEMO / "gpt2" / "model.safetensors")
table = next(value for name, value in weights.items() if name.endswith("wte.weight")).astype(np.float64)
prefixes = load_file(GOLDENS / "inference.safetensors")
delta = load_file(GOLDENS / "word-training.safetensors")
a, b = delta["start.transformer.wte.A"].astype(np.float64), delta["grad.transformer.wte.B"].astype(np.float64)
changed = table + a @ (b * DELTA_SCALE)


def nearest(prefix, words):
    cosines = prefix @ words.T / np.linalg.norm(prefix, axis=-1, keepdims=True) / np.linalg.norm(words, axis=-1)
    order = np.argsort(-cosines, axis=-1, kind="stable")[:, :TOP_K]
    return {
        "norms": [round(float(norm), 7) for norm in np.linalg.norm(prefix, axis=-1)],
        "ids": order.tolist(),
        "cosines": np.round(np.take_along_axis(cosines, order, -1), 8).tolist(),
    }


found = {"topK": TOP_K, "deltaScale": DELTA_SCALE}
for kind in ("mlp", "transformer"):
    rows = prefixes[f"prefix_{kind}"].reshape(8, -1, table.shape[1]).astype(np.float64)
    found[kind] = [nearest(prefix, table) for prefix in rows]
    found[f"{kind}WithDelta"] = [nearest(prefix, changed) for prefix in rows]
    moved = sum(x["ids"] != y["ids"] for x, y in zip(found[kind], found[f"{kind}WithDelta"]))
    print(kind, "cosines", found[kind][0]["cosines"][0][:3], "pictures whose words the delta changes:", moved)
(GOLDENS / "interpretation.json").write_text(json.dumps(found) + "\n")
