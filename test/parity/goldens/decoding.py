"""Reference values of decoding what goldens.json leaves out: ClipCap's `generate2`, Hugging Face's beam search, and the
probabilities that sampling draws from.

    pip install torch transformers safetensors numpy
    python decoding.py        # beside inference.safetensors; writes decoding.json and decoding.safetensors

float32, eager attention, one thread; behind the prefixes of the MLP mapper in inference.safetensors.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.numpy import load_file, save_file
from transformers import GPT2LMHeadModel
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent
DEMO = GOLDENS.parents[2] / "models" / "demo"
PERIOD, WIDTH = 13, 96

gpt = GPT2LMHeadModel.from_pretrained(DEMO / "gpt2", attn_implementation="eager").eval()
prefixes = torch.from_numpy(load_file(GOLDENS / "inference.safetensors")["prefix_mlp"]).reshape(8, 10, WIDTH)


def next_logits(prefix, tokens):
    words = gpt.transformer.wte(torch.tensor([tokens], dtype=torch.long))
    return gpt(inputs_embeds=torch.cat((prefix[None], words), 1)).logits[0, -1]


def generate2(prefix, top_p, temperature, entry_length, stop=PERIOD):
    """predict.py's generate2 for one entry: filter by top-p, then argmax."""
    tokens = []
    for _ in range(entry_length):
        logits = next_logits(prefix, tokens) / (temperature if temperature > 0 else 1.0)
        ordered, places = torch.sort(logits, descending=True)
        removed = torch.cumsum(torch.softmax(ordered, -1), -1) > top_p
        removed = torch.cat((torch.tensor([False]), removed[:-1]))
        logits[places[removed]] = -float("inf")
        tokens.append(int(torch.argmax(logits)))
        if tokens[-1] == stop:
            break
    return tokens


def hugging_face(prefix, num_beams, length_penalty, max_new_tokens, stops):
    found = gpt.generate(
        inputs_embeds=prefix[None],
        attention_mask=torch.ones(1, len(prefix), dtype=torch.long),
        do_sample=False,
        early_stopping=False,
        num_beams=num_beams,
        num_return_sequences=num_beams,
        length_penalty=length_penalty,
        max_new_tokens=max_new_tokens,
        eos_token_id=stops,
        pad_token_id=1023,
        output_scores=True,
        return_dict_in_generate=True,
    )
    beams = []
    for sequence, score, lineage in zip(found.sequences, found.sequences_scores, found.beam_indices):
        beams.append({"ids": sequence[: int((lineage >= 0).sum())].tolist(), "score": float(score)})
    return beams


def distribution(logits, temperature, top_k, top_p):
    scores = TemperatureLogitsWarper(temperature)(None, logits[None]) if temperature != 1 else logits[None]
    scores = TopKLogitsWarper(top_k)(None, scores) if top_k else scores
    scores = TopPLogitsWarper(top_p)(None, scores) if top_p < 1 else scores
    return torch.softmax(scores, -1)[0]


NUCLEUS = [(0.8, 1.0, 67, PERIOD), (0.3, 2.5, 67, PERIOD), (0.95, 0.4, 67, PERIOD), (0.8, 1.0, 24, -1)]
BEAMS = [
    (5, 1.0, 67, [PERIOD]),
    (5, 0.0, 67, [PERIOD]),
    (3, 2.0, 67, [PERIOD]),
    (4, -1.0, 67, [PERIOD]),
    (10, 0.6, 67, [PERIOD]),
    (5, 1.0, 4, [PERIOD]),
    (5, 1.0, 30, [PERIOD, 269, 461]),
]
FILTERS = [(1.0, 0, 1.0), (0.6, 0, 0.8), (1.7, 0, 0.95), (1.0, 7, 1.0), (1.3, 40, 0.9), (2.0, 0, 0.3)]
DRAWN_PICTURES, DRAWN_STEPS = [0, 3, 6], [0, 2, 5]

texts = {"transformers": transformers.__version__, "torch": torch.__version__, "nucleus": [], "beams": []}
tensors = {}
with torch.no_grad():
    for top_p, temperature, length, stop in NUCLEUS:
        ids = [generate2(prefix, top_p, temperature, length, stop) for prefix in prefixes]
        texts["nucleus"].append({"topP": top_p, "temperature": temperature, "maxNewTokens": length, "stop": stop, "ids": ids})
    for num_beams, length_penalty, length, stops in BEAMS:
        found = [hugging_face(prefix, num_beams, length_penalty, length, stops) for prefix in prefixes]
        texts["beams"].append({
            "numBeams": num_beams, "lengthPenalty": length_penalty, "maxNewTokens": length, "stops": stops, "pictures": found,
        })
    forced = json.loads((GOLDENS / "goldens.json").read_text())["pictures"]
    for filtering, settings in enumerate(FILTERS):
        rows = []
        for picture in DRAWN_PICTURES:
            ids = forced[picture]["teacher_forced_ids"]
            for step in DRAWN_STEPS:
                rows.append(distribution(next_logits(prefixes[picture], ids[:step]), *settings).numpy())
        tensors[f"distribution_{filtering}"] = np.stack(rows)
texts["filters"] = [{"temperature": t, "topK": k, "topP": p} for t, k, p in FILTERS]
texts["drawn"] = {"pictures": DRAWN_PICTURES, "steps": DRAWN_STEPS}
save_file(tensors, GOLDENS / "decoding.safetensors")
(GOLDENS / "decoding.json").write_text(json.dumps(texts) + "\n")
for case in texts["beams"]:
    print(case["numBeams"], case["lengthPenalty"], case["maxNewTokens"], case["stops"], case["pictures"][0][0])
