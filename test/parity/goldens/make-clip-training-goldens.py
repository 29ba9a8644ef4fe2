"""Reference values of training CLIP: the contrastive loss of five pictures and five texts, and of every weight's
gradient two figures, its length and its sum weighed by cos(i/10).

    pip install torch transformers safetensors numpy
    python make-clip-training-goldens.py   # beside inference.safetensors; writes clip-training.json

float32, eager attention, one thread.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file
from transformers import CLIPModel

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent
clip = CLIPModel.from_pretrained(GOLDENS.parents[2] / "models" / "demo" / "clip", attn_implementation="eager").eval()
pixels = load_file(GOLDENS / "inference.safetensors")["pixel_values"][:5]
texts = [text["clip_ids"] for text in json.loads((GOLDENS / "goldens.json").read_text())["texts"]]

images = clip.visual_projection(clip.vision_model(pixel_values=pixels).pooler_output)
words = torch.cat([clip.text_projection(clip.text_model(input_ids=torch.tensor([ids])).pooler_output) for ids in texts])
logits = clip.logit_scale.exp() * F.normalize(images, dim=-1) @ F.normalize(words, dim=-1).T
pairs = torch.arange(len(texts))
loss = (F.cross_entropy(logits, pairs) + F.cross_entropy(logits.T, pairs)) / 2
loss.backward()


def figures(gradient):
    values = gradient.double().flatten()
    return [float(values.norm()), float((values * torch.cos(torch.arange(len(values)).double() / 10)).sum())]


summary = {
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "loss": loss.item(),
    "gradients": {name: figures(p.grad) for name, p in clip.named_parameters()},
}
(GOLDENS / "clip-training.json").write_text(json.dumps(summary, indent=1) + "\n")
print(summary["loss"], len(summary["gradients"]))
