"""ClipCap's two mappers at the demo's sizes, under the official tensor names (rmokady/CLIP_prefix_caption, train.py)."""

import torch
import torch.nn.functional as F
from torch import nn

K, CLIP_LENGTH, LAYERS, HEADS, C, D = 10, 10, 8, 8, 96, 128


def mlp():
    return nn.ModuleDict({"model": nn.Sequential(nn.Linear(D, K * C // 2), nn.Tanh(), nn.Linear(K * C // 2, K * C))})


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_queries = nn.Linear(C, C, bias=False)
        self.to_keys_values = nn.Linear(C, 2 * C, bias=False)
        self.project = nn.Linear(C, C)

    def forward(self, x):
        b, n, _ = x.shape
        q = self.to_queries(x).view(b, n, HEADS, C // HEADS)
        k, v = self.to_keys_values(x).view(b, n, 2, HEADS, C // HEADS).unbind(2)
        shares = (torch.einsum("bnhd,bmhd->bnmh", q, k) * (C // HEADS) ** -0.5).softmax(dim=2)
        return self.project(torch.einsum("bnmh,bmhd->bnhd", shares, v).reshape(b, n, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attn, self.norm2 = nn.LayerNorm(C), Attention(), nn.LayerNorm(C)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(C, 2 * C), "fc2": nn.Linear(2 * C, C)})
        self.relu = F.relu

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](self.relu(self.mlp["fc1"](self.norm2(x))))


class TransformerMapper(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(D, CLIP_LENGTH * C)
        self.prefix_const = nn.Parameter(torch.empty(K, C))
        self.transformer = nn.ModuleDict({"layers": nn.ModuleList(Block() for _ in range(LAYERS))})

    def forward(self, x):
        x = self.linear(x).view(len(x), CLIP_LENGTH, C)
        x = torch.cat((x, self.prefix_const.expand(len(x), K, C)), 1)
        for layer in self.transformer["layers"]:
            x = layer(x)
        return x[:, CLIP_LENGTH:]
