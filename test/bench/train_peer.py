"""The training step of `housestyle bench train` in PyTorch, as the other side of its ratios.

    pip install torch numpy safetensors
    python test/bench/train_peer.py --weights DIR --form optimised|official [--tune-gpt2] [--threads 2]

DIR is what `housestyle bench train --weights DIR` wrote: weights and batch.json. A step is taken for each line of
standard input; its figures are printed as one JSON object, like those of `housestyle bench train --paced`.

optimised   What a careful hand would write: no padding, logits of the caption's positions only, after the last layer's
            attention only their rows, fused attention, GELU and AdamW, and no gradients of weights that stay.
official    What ClipCap's training script computes (arXiv 2111.09734): captions padded with token 0 to one length for
            the whole data set, an attention mask over the padding, logits of every position, a loss that ignores
            token 0, attention and GELU operator by operator, and the gradients of GPT-2's weights whether they are
            wanted or not. Dropout is off in both, so that the losses can be compared.
"""

import argparse
import json
import math
import os
import resource
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument('--weights', required=True)
parser.add_argument('--form', choices=['optimised', 'official'], required=True)
parser.add_argument('--tune-gpt2', action='store_true')
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--padded-length', type=int, default=40, help='official: tokens that every caption is padded to')
options = parser.parse_args()
os.environ.setdefault('OMP_NUM_THREADS', str(options.threads))
os.environ.setdefault('MKL_NUM_THREADS', str(options.threads))

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

torch.set_num_threads(options.threads)
IS_OFFICIAL = options.form == 'official'

with open(os.path.join(options.weights, 'batch.json')) as file:
    batch = json.load(file)
config, mapper_config = batch['gpt2']['config'], batch['mapper']['config']
K, H, EPSILON = mapper_config['prefix_length'], config['n_head'], 1e-5
mapper = {name: p.requires_grad_(True) for name, p in load_file(batch['mapper']['file']).items()}
gpt2 = {name.removeprefix('transformer.'): p for name, p in load_file(batch['gpt2']['file']).items()}
for p in gpt2.values():
    p.requires_grad_(options.tune_gpt2 or IS_OFFICIAL)
trained = [*mapper.values(), *(gpt2.values() if options.tune_gpt2 else [])]

embeddings = torch.tensor(batch['embeddings'])  # [B, d]
tokens = torch.tensor(batch['tokens'])  # [B, S]
if IS_OFFICIAL:
    tokens = F.pad(tokens, (0, max(0, options.padded_length - tokens.shape[1])))


def attention(q, k, v, mask=None, is_causal=False):
    """softmax(q·kᵀ/√D + mask)·v of q, k, v [B, H, L, D]"""
    if not IS_OFFICIAL:
        return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if is_causal:
        L = q.shape[-2]
        sees = torch.ones(L, L, dtype=torch.bool).tril()
        scores = torch.where(sees, scores, torch.finfo(scores.dtype).min)
    if mask is not None:
        scores = scores + mask
    return scores.softmax(-1) @ v


def gelu(x):
    if not IS_OFFICIAL:
        return F.gelu(x, approximate='tanh')
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def norm(x, weights, key):
    return F.layer_norm(x, x.shape[-1:], weights[f'{key}.weight'], weights[f'{key}.bias'], EPSILON)


def linear(x, key):
    return F.linear(x, mapper[f'{key}.weight'], mapper.get(f'{key}.bias'))


def heads(x, count):
    """[B, L, C] → [B, H, L, C/H]"""
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def mlp_mapper(e):
    return linear(linear(e, 'clip_project.model.0').tanh(), 'clip_project.model.2').unflatten(-1, (K, -1))


def transformer_mapper(e):
    constants = mapper['clip_project.prefix_const']
    spread = linear(e, 'clip_project.linear').unflatten(-1, (mapper_config['clip_length'], -1))
    x = torch.cat([spread, constants.expand(len(e), -1, -1)], 1)
    for n in range(mapper_config['num_layers']):
        key = f'clip_project.transformer.layers.{n}'
        y, count = norm(x, mapper, f'{key}.norm1'), mapper_config['num_heads']
        k, v = linear(y, f'{key}.attn.to_keys_values').chunk(2, -1)
        q, k, v = (heads(z, count) for z in (linear(y, f'{key}.attn.to_queries'), k, v))
        x = x + linear(attention(q, k, v).transpose(1, 2).flatten(2), f'{key}.attn.project')
        x = x + linear(linear(norm(x, mapper, f'{key}.norm2'), f'{key}.mlp.fc1').relu(), f'{key}.mlp.fc2')
    return x[:, mapper_config['clip_length'] :]


def conv1d(x, key):
    """[…, in] → […, out]"""
    w, b = gpt2[f'{key}.weight'], gpt2[f'{key}.bias']
    return torch.addmm(b, x.flatten(0, -2), w).unflatten(0, x.shape[:-1])


def decoder(x, mask, positions):
    """Hidden states [B, L, C] → [B, N, C] of `positions`, a slice; all of them in the official form."""
    for n in range(config['n_layer']):
        q, k, v = conv1d(norm(x, gpt2, f'h.{n}.ln_1'), f'h.{n}.attn.c_attn').chunk(3, -1)
        context = attention(heads(q, H), heads(k, H), heads(v, H), mask, is_causal=True).transpose(1, 2).flatten(2)
        if n == config['n_layer'] - 1 and not IS_OFFICIAL:
            context, x = context[:, positions], x[:, positions]
        x = x + conv1d(context, f'h.{n}.attn.c_proj')
        x = x + conv1d(gelu(conv1d(norm(x, gpt2, f'h.{n}.ln_2'), f'h.{n}.mlp.c_fc')), f'h.{n}.mlp.c_proj')
    return norm(x, gpt2, 'ln_f')


def loss_of_batch():
    prefix = (mlp_mapper if mapper_config['mapping_type'] == 'mlp' else transformer_mapper)(embeddings)
    B, S = tokens.shape
    read = tokens if IS_OFFICIAL else tokens[:, :-1]  # what follows the last token is not asked
    x = torch.cat([prefix, F.embedding(read, gpt2['wte.weight'])], 1) + gpt2['wpe.weight'][: K + read.shape[1]]
    mask = None
    if IS_OFFICIAL:
        seen = torch.cat([torch.ones(B, K), tokens.gt(0).float()], 1)
        mask = (1 - seen)[:, None, None, :] * torch.finfo(torch.float32).min
    h = decoder(x, mask, slice(K - 1, None))
    logits = F.linear(h, gpt2['wte.weight'])
    if IS_OFFICIAL:
        logits = logits[:, K - 1 : -1]
    return F.cross_entropy(logits.reshape(B * S, -1), tokens.flatten(), ignore_index=0 if IS_OFFICIAL else -100)


settings = batch['optimizer']
optimizer = torch.optim.AdamW(
    trained,
    lr=settings['learningRate'],
    betas=(settings['beta1'], settings['beta2']),
    eps=settings['epsilon'],
    weight_decay=settings['weightDecay'],
    fused=not IS_OFFICIAL,
)


def step():
    optimizer.zero_grad()  # of what is trained: the official script too leaves GPT-2's unwanted gradients to grow
    loss = loss_of_batch()
    loss.backward()
    optimizer.step()
    return loss.item()


def say(**figures):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**figures, 'peakMemoryBytes': peak}), flush=True)


say(trainableParameters=sum(p.numel() for p in trained), tokens=int(tokens.ne(0).sum()), torch=torch.__version__)
for _ in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    loss = step()
    say(loss=loss, wallMs=(time.perf_counter() - wall) * 1e3, cpuMs=(time.process_time() - cpu) * 1e3)
