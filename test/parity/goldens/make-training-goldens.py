"""Reference values of training what goldens/training.safetensors leaves out: all of GPT-2 behind the MLP mapper, a
low-rank delta on GPT-2's linear layers with everything else frozen, and one on these and the word table.

    pip install torch transformers safetensors numpy
    python make-training-goldens.py        # beside training.safetensors; writes {decoder,word}-training.{safetensors,json}

float32, eager attention, no dropout, one thread; the batch is that of training.safetensors.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent
DEMO = GOLDENS.parents[2] / "models" / "demo"
PREFIX, RANK, STEPS = 10, 8, 10

batch = load_file(GOLDENS / "training.safetensors")
embeddings, tokens, mask = batch["embeddings"], batch["tokens"], batch["mask"]


def model():
    gpt = GPT2LMHeadModel.from_pretrained(DEMO / "gpt2", attn_implementation="eager").eval()
    mapper = torch.nn.Sequential(torch.nn.Linear(128, 480), torch.nn.Tanh(), torch.nn.Linear(480, 960))
    weights = load_file(DEMO / "mapper" / "model.safetensors")
    mapper.load_state_dict({name.removeprefix("clip_project.model."): value for name, value in weights.items()})
    return gpt, mapper


def caption_loss(gpt, mapper, table=None):
    """`table`: [V, C] in the word table's place, where words are looked up and where they are predicted."""
    table = gpt.transformer.wte.weight if table is None else table
    prefix = mapper(embeddings).view(len(tokens), PREFIX, -1)
    inputs = torch.cat((prefix, F.embedding(tokens, table)), 1)
    seen = torch.cat((torch.ones(len(tokens), PREFIX), mask), 1)
    hidden = gpt.transformer(inputs_embeds=inputs, attention_mask=seen).last_hidden_state
    logits = (hidden @ table.T)[:, PREFIX - 1 : -1]
    labels = tokens.masked_fill(mask == 0, -100)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100)


class HuggingFaceAdamW:
    """transformers.AdamW as it was when ClipCap was trained: epsilon before bias correction, decay last."""

    def __init__(self, parameters, lr, eps=1e-6, betas=(0.9, 0.999), weight_decay=0.0):
        self.parameters, self.lr, self.eps, self.betas, self.decay = list(parameters), lr, eps, betas, weight_decay
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.parameters]
        self.updates = 0

    @torch.no_grad()
    def step(self):
        self.updates += 1
        beta1, beta2 = self.betas
        stride = self.lr * (1 - beta2**self.updates) ** 0.5 / (1 - beta1**self.updates)
        for p, (m, v) in zip(self.parameters, self.moments):
            m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            p.addcdiv_(m, v.sqrt().add_(self.eps), value=-stride)
            p.add_(p, alpha=-self.lr * self.decay)


class WithDelta(torch.nn.Module):
    def __init__(self, linear, a, b):
        super().__init__()
        self.linear, self.A, self.B = linear, torch.nn.Parameter(a), torch.nn.Parameter(b)

    def forward(self, x):
        return self.linear(x) + (x @ self.A) @ self.B


def run(parameters, loss, optimizer):
    """The first gradients, and the losses before each of ten steps and after them."""
    gradients, losses = {}, []
    for step in range(STEPS):
        for p in parameters.values():
            p.grad = None
        value = loss()
        value.backward()
        losses.append(value.item())
        if step == 0:
            gradients = {name: p.grad.clone() for name, p in parameters.items()}
        optimizer.step()
    with torch.no_grad():
        losses.append(loss().item())
    return gradients, losses


def tuned():
    gpt, mapper = model()
    named = dict(gpt.named_parameters())
    everything = [*named.values(), *mapper.parameters()]
    optimizer = HuggingFaceAdamW(everything, lr=1e-4, weight_decay=0.01)
    loss = lambda: caption_loss(gpt, mapper)
    gradients, losses = run({**named, **dict(mapper.named_parameters(prefix="mapper"))}, loss, optimizer)
    return {name: value for name, value in gradients.items() if not name.startswith("mapper.")}, losses


def low_rank(has_words=False):
    gpt, mapper = model()
    for p in [*gpt.parameters(), *mapper.parameters()]:
        p.requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    trained = {}
    for n, block in enumerate(gpt.transformer.h):
        for part, name in [(block.attn, "c_attn"), (block.attn, "c_proj"), (block.mlp, "c_fc"), (block.mlp, "c_proj")]:
            linear = getattr(part, name)
            inputs, outputs = linear.weight.shape
            a = torch.randn(inputs, RANK, generator=generator) * inputs**-0.5
            b = torch.randn(RANK, outputs, generator=generator) * 0.05
            wrapped = WithDelta(linear, a, b)
            setattr(part, name, wrapped)
            key = f"transformer.h.{n}.{'attn' if part is block.attn else 'mlp'}.{name}"
            trained[f"{key}.A"], trained[f"{key}.B"] = wrapped.A, wrapped.B
    table = gpt.transformer.wte.weight
    if has_words:
        a = torch.nn.Parameter(torch.randn(len(table), RANK, generator=generator) * 0.02)
        b = torch.nn.Parameter(torch.randn(RANK, table.shape[1], generator=generator) * 0.5)
        trained["transformer.wte.A"], trained["transformer.wte.B"] = a, b
    merged = (lambda: table + a @ b) if has_words else (lambda: table)
    start = {name: p.detach().clone() for name, p in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, weight_decay=0.01)
    gradients, losses = run(trained, lambda: caption_loss(gpt, mapper, merged()), optimizer)
    return start, gradients, losses


def save(name, tensors, losses):
    save_file({key: value.contiguous() for key, value in tensors.items()}, GOLDENS / f"{name}.safetensors")
    summary = {"torch": torch.__version__, "transformers": transformers.__version__, **losses}
    (GOLDENS / f"{name}.json").write_text(json.dumps(summary, indent=1) + "\n")


ADAMW = "torch AdamW, lr 1e-3, eps 1e-8, weight decay 0.01"
tuned_gradients, tuned_losses = tuned()
start, delta_gradients, delta_losses = low_rank()
save(
    "decoder-training",
    {
        **{f"tuned.grad.{name}": value for name, value in tuned_gradients.items()},
        **{f"delta.start.{name}": value for name, value in start.items()},
        **{f"delta.grad.{name}": value for name, value in delta_gradients.items()},
    },
    {
        "tuned": {"optimizer": "HF AdamW, lr 1e-4, eps 1e-6, weight decay 0.01, all of GPT-2 and mapper", "losses": tuned_losses},
        "delta": {"optimizer": ADAMW, "losses": delta_losses},
    },
)

# the linear layers' delta starts as above and is trained beside the word table's
start, word_gradients, word_losses = low_rank(has_words=True)
save(
    "word-training",
    {
        f"{kind}.{name}": value
        for kind, tensors in [("start", start), ("grad", word_gradients)]
        for name, value in tensors.items()
        if name.startswith("transformer.wte.")
    },
    {"optimizer": ADAMW, "losses": word_losses},
)
print(tuned_losses, delta_losses, word_losses)
