"""The transformer mapper's ten steps of AdamW in goldens.json, in exact arithmetic, and the other way they may take.

    pip install torch transformers safetensors numpy
    python both-ways.py                    # beside training.safetensors; writes both-ways.json

In the second step the input of one of the mapper's ReLUs is -5e-7, less than float32's rounding: whether that unit is
off, as in goldens.json, or on is a matter of the order in which sums are taken, and the losses part by 5e-5 after it.
PyTorch parts from itself: with ATEN_CPU_CAPABILITY=default and two threads it takes the other way. Here the run is made
in float64, where rounding decides nothing, once as it comes and once with that unit on. A test needs the latter; the
former shows how near goldens.json is to exact arithmetic.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from mappers import K, TransformerMapper
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent
DEMO = GOLDENS.parents[2] / "models" / "demo"
STEPS, STEP, LAYER = 10, 1, 7

batch = load_file(GOLDENS / "training.safetensors")
embeddings, tokens, mask = batch["embeddings"].double(), batch["tokens"], batch["mask"].double()


def run(is_on):
    """The losses before each step and after the last, what each tensor's values and magnitudes then sum up to, and what
    the unit nearest to zero got in `STEP`."""
    gpt = GPT2LMHeadModel.from_pretrained(DEMO / "gpt2", attn_implementation="eager").eval().double()
    mapper = TransformerMapper()
    weights = load_file(DEMO / "mapper-transformer" / "model.safetensors")
    mapper.load_state_dict({name.removeprefix("clip_project."): value for name, value in weights.items()})
    mapper.double()
    optimizer = torch.optim.AdamW(mapper.parameters(), lr=1e-3, weight_decay=0.01)
    losses, nearest = [], {}

    def relu(x):
        if len(losses) != STEP:
            return F.relu(x)
        index = x.abs().argmin()
        position = (int(each) for each in torch.unravel_index(index, x.shape))
        nearest.update(zip(["picture", "position", "unit"], position), input=x.flatten()[index].item())
        gate = x > 0
        gate.view(-1)[index] |= is_on
        return x * gate

    mapper.transformer["layers"][LAYER].relu = relu

    def caption_loss():
        inputs = torch.cat((mapper(embeddings), gpt.transformer.wte(tokens)), 1)
        seen = torch.cat((torch.ones(len(tokens), K), mask), 1)
        logits = gpt(inputs_embeds=inputs, attention_mask=seen).logits[:, K - 1 : -1]
        labels = tokens.masked_fill(mask == 0, -100)
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)

    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = caption_loss()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    with torch.no_grad():
        losses.append(caption_loss().item())
    sums = {f"clip_project.{name}": [p.sum().item(), p.abs().sum().item()] for name, p in mapper.named_parameters()}
    return {"losses": losses, "sums": sums}, nearest


(off, unit), (on, same_unit) = run(False), run(True)
assert unit == same_unit and -1e-6 < unit["input"] < 0
summary = {
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "unit": {"step": STEP, "layer": LAYER, **unit},
    "off": {"losses": off["losses"]},
    "on": on,
}
(GOLDENS / "both-ways.json").write_text(json.dumps(summary, indent=1) + "\n")
print(unit, off["losses"], on["losses"])
