"""The official training run restated: losses of fifty-four updates, mapper by mapper, with GPT-2 tuned and frozen.

    pip install torch transformers safetensors numpy
    python official-training.py            # writes official-training.{json,safetensors,jsonl}

What rmokady/CLIP_prefix_caption's train.py does with the data it is given: captions without an end token, padded with 0
(or cut) to min(int(mean + 10 std), max) tokens behind an attention mask; embeddings normalised where asked to; loss over
`logits[:, K - 1 : -1]` with `ignore_index=0`; transformers' AdamW of that time (epsilon 1e-6 before bias correction, no
weight decay) under a linear schedule that begins at 0; shuffled batches, the last one dropped; GPT-2 in training mode
when it is tuned (the demo's has no dropout). Only the dice are this project's: the first weights and every epoch's order
are drawn as libs/training draws them, restated here.

float32, eager attention, one thread. The data are some of the demo base's replay pictures, with a caption of extreme
length among them and captions with a "!", which is token 0.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from mappers import LAYERS, C, K, TransformerMapper, mlp
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel, GPT2Tokenizer

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent
DEMO = GOLDENS.parents[2] / "models" / "demo"
CAPTIONS, BATCH, EPOCHS, SEED = 150, 16, 6, 7


# --- this project's dice -------------------------------------------------------------------------------------------
def imul(a, b):
    return (a * b) & 0xFFFFFFFF


class Random:
    """libs/training/src/random.ts: mulberry32."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    @classmethod
    def of(cls, seed, *purposes):
        state = cls(seed).word()
        for purpose in purposes:
            state = cls(state ^ imul(purpose + 1, 0x9E3779B1)).word()
        return cls(state)

    def word(self):
        self.state = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        t = self.state
        t = imul(t ^ (t >> 15), t | 1)
        t ^= (t + imul(t ^ (t >> 7), t | 61)) & 0xFFFFFFFF
        return t ^ (t >> 14)

    def uniform(self):
        return self.word() / 2**32

    def normal(self):
        return math.sqrt(-2 * math.log(1 - self.uniform())) * math.cos(2 * math.pi * self.uniform())

    def shuffled(self, elements):
        result = list(elements)
        for last in range(len(result) - 1, 0, -1):
            other = int(self.uniform() * (last + 1))
            result[last], result[other] = result[other], result[last]
        return result


def batches():
    for epoch in range(EPOCHS):
        order = Random.of(SEED, 1, epoch).shuffled(range(CAPTIONS))
        for n in range(CAPTIONS // BATCH):
            yield order[n * BATCH : (n + 1) * BATCH]


# --- the first weights ---------------------------------------------------------------------------------------------
def draw(kind, mapper):
    """The first weights: spread as PyTorch spreads them, drawn as freshMapper draws them, in its order."""
    random, named = Random.of(SEED, 61), dict(mapper.named_parameters())

    def fill(name, value):
        target = named.pop(name)
        numbers = [value() for _ in range(target.numel())]
        target.data = torch.tensor(numbers, dtype=torch.float64).float().view(target.shape)

    def linear(key, has_bias=True):
        bound = named[f"{key}.weight"].shape[1] ** -0.5
        for name in ["weight", "bias"][: 1 + has_bias]:
            fill(f"{key}.{name}", lambda: (2 * random.uniform() - 1) * bound)

    if kind == "mlp":
        linear("model.0")
        linear("model.2")
    else:
        linear("linear")
        fill("prefix_const", random.normal)
        for n in range(LAYERS):
            layer = f"transformer.layers.{n}"
            for norm in ["norm1", "norm2"]:
                fill(f"{layer}.{norm}.weight", lambda: 1)
                fill(f"{layer}.{norm}.bias", lambda: 0)
            linear(f"{layer}.attn.to_queries", has_bias=False)
            linear(f"{layer}.attn.to_keys_values", has_bias=False)
            linear(f"{layer}.attn.project")
            linear(f"{layer}.mlp.fc1")
            linear(f"{layer}.mlp.fc2")
    assert not named, named


# --- the run -------------------------------------------------------------------------------------------------------
class HuggingFaceAdamW:
    def __init__(self, parameters, eps=1e-6, betas=(0.9, 0.999)):
        self.parameters, self.eps, self.betas = list(parameters), eps, betas
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.parameters]
        self.updates = 0

    @torch.no_grad()
    def step(self, lr):
        self.updates += 1
        beta1, beta2 = self.betas
        stride = lr * (1 - beta2**self.updates) ** 0.5 / (1 - beta1**self.updates)
        for p, (m, v) in zip(self.parameters, self.moments):
            m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            p.addcdiv_(m, v.sqrt().add_(self.eps), value=-stride)


def padded(tokens):
    lengths = torch.tensor([len(each) for each in tokens]).float()
    longest = min(int(lengths.mean() + lengths.std() * 10), int(lengths.max()))
    rows = torch.full((len(tokens), longest), -1)
    for row, each in zip(rows, tokens):
        row[: len(each)] = torch.tensor(each[:longest])
    mask = rows.ge(0)
    return rows.masked_fill(~mask, 0), mask.float()


def run(kind, is_tuned, lr, warm_up, is_normalised=False):
    gpt = GPT2LMHeadModel.from_pretrained(DEMO / "gpt2", attn_implementation="eager").train(is_tuned)
    mapper = mlp() if kind == "mlp" else TransformerMapper()
    draw(kind, mapper)
    named = {f"clip_project.{name}": p for name, p in mapper.named_parameters()}
    if is_tuned:
        named.update(gpt.named_parameters())
    optimizer = HuggingFaceAdamW(named.values())
    steps, losses = EPOCHS * (CAPTIONS // BATCH), []
    for step, batch in enumerate(batches()):
        for p in [*gpt.parameters(), *mapper.parameters()]:
            p.grad = None
        prefix = embeddings[batch]
        if is_normalised:
            prefix = prefix / prefix.norm(2, -1, keepdim=True)
        prefix = (mapper["model"](prefix) if kind == "mlp" else mapper(prefix)).view(BATCH, K, C)
        inputs = torch.cat((prefix, gpt.transformer.wte(tokens[batch])), 1)
        seen = torch.cat((torch.ones(BATCH, K), mask[batch]), 1)
        logits = gpt(inputs_embeds=inputs, attention_mask=seen).logits[:, K - 1 : -1]
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[batch].flatten(), ignore_index=0)
        loss.backward()
        losses.append(loss.item())
        factor = step / warm_up if step < warm_up else max(0.0, (steps - step) / max(1, steps - warm_up))
        optimizer.step(lr * factor)
    return {"losses": losses, "parameters": sum(p.numel() for p in named.values())}


tokenizer = GPT2Tokenizer.from_pretrained(DEMO / "gpt2")
captions = [json.loads(line)["caption"] for line in (DEMO / "replay.jsonl").read_text().splitlines()[:CAPTIONS]]
for n in range(0, CAPTIONS, 10):
    captions[n] = f"Look! {captions[n]}"
captions[77] = " ".join(captions[60:67])
embeddings = load_file(DEMO / "replay.safetensors")["image_embeds"][:CAPTIONS]
save_file({"image_embeds": embeddings.contiguous()}, GOLDENS / "official-training.safetensors")
lines = [json.dumps({"row": row, "caption": caption}) + "\n" for row, caption in enumerate(captions)]
(GOLDENS / "official-training.jsonl").write_text("".join(lines))
embeddings = embeddings.float()
encoded = [tokenizer.encode(caption) for caption in captions]
tokens, mask = padded(encoded)
print("tokens", sum(map(len, encoded)) / CAPTIONS, "longest", max(map(len, encoded)), "kept", tokens.shape[1])
assert tokens.shape[1] < max(map(len, encoded)), "nothing is cut"
assert any(0 in each for each in encoded), "no token 0"

FAST = {"lr": 1e-3, "warm_up": 10}
runs = {
    "mlp, GPT-2 tuned": run("mlp", True, **FAST),
    "mlp, GPT-2 frozen": run("mlp", False, **FAST),
    "transformer, GPT-2 tuned": run("transformer", True, **FAST),
    "transformer, GPT-2 frozen, normalised": run("transformer", False, **FAST, is_normalised=True),
    "mlp, GPT-2 tuned, the official rate": run("mlp", True, lr=2e-5, warm_up=5000),
}
for name, result in runs.items():
    print(name, result["parameters"], result["losses"][0], result["losses"][-1])
summary = {"torch": torch.__version__, "transformers": transformers.__version__, "runs": runs}
(GOLDENS / "official-training.json").write_text(json.dumps(summary, indent=1) + "\n")
