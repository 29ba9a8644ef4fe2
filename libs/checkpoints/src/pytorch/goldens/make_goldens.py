"""Files as PyTorch itself writes them, with what is in them: python make_goldens.py (torch 2.15, Python 3.11)."""

import collections
import json
import os
import pickle

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)


def at(name):
    return os.path.join(HERE, name)


def kinds():
    """Every kind of tensor that the reader takes."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    tied = nn.Parameter(torch.randn(3, 2))
    state = collections.OrderedDict(
        float32=base,
        float16=torch.randn(5).half(),
        bfloat16=torch.randn(5).bfloat16(),
        transposed=base.t(),
        rows=base[1:3],
        column=base[:, 2],
        strided=base[::2, 1::2],
        whole=base.contiguous(memory_format=torch.contiguous_format),
        channels_last=torch.arange(16, dtype=torch.float32).reshape(1, 2, 2, 4).contiguous(memory_format=torch.channels_last),
        parameter=tied,
        same_parameter=tied,
        int64=torch.tensor([-3, 2**40]),
        uint8=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False]),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 4),
        grad=torch.ones(2, requires_grad=True),
    )
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    return state


state = kinds()
torch.save(state, at("kinds.pt"))
expected = {
    name: {"dtype": str(value.dtype)[6:], "dims": list(value.shape), "values": value.detach().double().flatten().tolist()}
    for name, value in state.items()
}
torch.save({"epoch": 3, "lr": 2e-5, "model_state_dict": nn.Linear(2, 2).state_dict(), "notes": [None, "é", (1, -1)]}, at("training.pt"))
torch.save({"a": torch.ones(2)}, at("before-1.6.pt"), _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(nn.Linear(2, 2)), at("torchscript.pt"))
torch.save(nn.Linear(2, 2), at("module.pt"))
torch.save({"a": torch.ones(2, dtype=torch.complex64)}, at("complex.pt"))
torch.save({"a": torch.zeros(2, 2).to_sparse()}, at("sparse.pt"))
torch.serialization.set_crc32_options(False)
torch.save({"a": torch.ones(2)}, at("no-checksums.pt"))
torch.serialization.set_crc32_options(True)

embeddings = torch.cat([torch.randn(1, 4).half() for _ in range(3)])
captions = [
    {"image_id": "391895", "id": 770337, "caption": "A man with a red helmet.", "clip_embedding": 0},
    {"image_id": 522418, "id": 681330, "caption": "A woman cutting a café’s cake.", "clip_embedding": 2},
]
for protocol in (3, 4, 5):
    with open(at(f"features-protocol-{protocol}.pkl"), "wb") as file:
        pickle.dump({"clip_embedding": embeddings, "captions": captions}, file, protocol=protocol)
with open(at("features-of-numpy.pkl"), "wb") as file:
    pickle.dump({"clip_embedding": embeddings.numpy(), "captions": captions}, file, protocol=4)

with open(at("expected.json"), "w") as file:
    json.dump({"kinds": expected, "embeddings": embeddings.double().flatten().tolist()}, file)
    file.write("\n")
