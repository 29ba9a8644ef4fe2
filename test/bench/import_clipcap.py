"""What it costs to import a ClipCap checkpoint of real size: `housestyle import clipcap` beside the same work in PyTorch.

    python test/bench/import_clipcap.py [--mapping transformer|mlp] [--rounds 3] [--folder DIR]

Needs torch, safetensors and a built project. Random weights in the official layout: the mapper, and a GPT-2 small that
was tuned with it. Both are started anew each round, in turns; time is the processor's and the clock's, memory the most
that was resident (of the process and the pages of files it had mapped).
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WIDTH, LAYERS, WORDS, POSITIONS, PREFIX = 768, 12, 50257, 1024, 40

PEER = """
import sys, torch
from safetensors.torch import save_file
state = torch.load(sys.argv[1], map_location='cpu', weights_only=True)
part = lambda prefix, cut: {k[cut:]: v for k, v in state.items() if k.startswith(prefix)
                            and not k.endswith(('.attn.bias', '.attn.masked_bias', 'lm_head.weight'))}
save_file(part('clip_project.', 0), sys.argv[2] + '/mapper.safetensors')
save_file(part('gpt.', 4), sys.argv[2] + '/gpt2.safetensors')
"""


def make_checkpoint(file, mapping):
    import torch

    torch.manual_seed(1)
    state = {}

    def linear(name, inputs, outputs, bias=True, is_conv=False):
        state[f"{name}.weight"] = torch.randn(*((inputs, outputs) if is_conv else (outputs, inputs))) * 0.02
        if bias:
            state[f"{name}.bias"] = torch.zeros(outputs)

    def norm(name):
        state[f"{name}.weight"], state[f"{name}.bias"] = torch.ones(WIDTH), torch.zeros(WIDTH)

    state["gpt.transformer.wte.weight"] = torch.randn(WORDS, WIDTH) * 0.02
    state["gpt.transformer.wpe.weight"] = torch.randn(POSITIONS, WIDTH) * 0.02
    for n in range(LAYERS):
        key = f"gpt.transformer.h.{n}"
        norm(f"{key}.ln_1")
        state[f"{key}.attn.bias"] = torch.ones(1, 1, POSITIONS, POSITIONS, dtype=torch.uint8).tril()
        state[f"{key}.attn.masked_bias"] = torch.tensor(-1e4)
        linear(f"{key}.attn.c_attn", WIDTH, 3 * WIDTH, is_conv=True)
        linear(f"{key}.attn.c_proj", WIDTH, WIDTH, is_conv=True)
        norm(f"{key}.ln_2")
        linear(f"{key}.mlp.c_fc", WIDTH, 4 * WIDTH, is_conv=True)
        linear(f"{key}.mlp.c_proj", 4 * WIDTH, WIDTH, is_conv=True)
    norm("gpt.transformer.ln_f")
    state["gpt.lm_head.weight"] = state["gpt.transformer.wte.weight"]
    if mapping == "mlp":
        linear("clip_project.model.0", 512, 5 * WIDTH)
        linear("clip_project.model.2", 5 * WIDTH, 10 * WIDTH)
    else:
        state["clip_project.prefix_const"] = torch.randn(PREFIX, WIDTH)
        linear("clip_project.linear", 640, PREFIX * WIDTH)
        for n in range(8):
            key = f"clip_project.transformer.layers.{n}"
            norm(f"{key}.norm1")
            linear(f"{key}.attn.to_queries", WIDTH, WIDTH, bias=False)
            linear(f"{key}.attn.to_keys_values", WIDTH, 2 * WIDTH, bias=False)
            linear(f"{key}.attn.project", WIDTH, WIDTH)
            norm(f"{key}.norm2")
            linear(f"{key}.mlp.fc1", WIDTH, 2 * WIDTH)
            linear(f"{key}.mlp.fc2", 2 * WIDTH, WIDTH)
    torch.save(state, file)
    return sum(value.numel() for name, value in state.items() if "bias" not in name or value.dim() == 1) - WORDS * WIDTH


def make_parts(folder, embedding):
    """Folders of a CLIP and a GPT-2 of which an import needs the sizes only."""
    for part, config in (
        ("clip", {"projection_dim": embedding}),
        ("gpt2", {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": 12, "vocab_size": WORDS, "n_positions": POSITIONS}),
    ):
        at = os.path.join(folder, part)
        os.makedirs(at, exist_ok=True)
        for name in ("merges.txt", "vocab.json", "preprocessor_config.json"):
            open(os.path.join(at, name), "w").close()
        with open(os.path.join(at, "config.json"), "w") as file:
            json.dump(config, file)
    open(os.path.join(folder, "clip", "model.safetensors"), "w").close()


def measured(command):
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mapping", choices=["transformer", "mlp"], default="transformer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/tmp/housestyle-import-bench")
    options = parser.parse_args()
    checkpoint = os.path.join(options.folder, f"{options.mapping}.pt")
    make_parts(options.folder, 512 if options.mapping == "mlp" else 640)
    if not os.path.exists(checkpoint):
        subprocess.run([sys.executable, __file__, "--make", checkpoint, options.mapping], check=True)
    out = os.path.join(options.folder, "out")
    ours = ["node", os.path.join(ROOT, "apps/cli/bin/housestyle.js"), "import", "clipcap", checkpoint, "--out", out]
    ours += ["--clip", f"{options.folder}/clip", "--gpt2", f"{options.folder}/gpt2", "--no-normalize-prefix"]
    theirs = [sys.executable, "-c", PEER, checkpoint, out]
    rounds = {"housestyle": [], "torch.load + save_file": []}
    for _ in range(options.rounds):
        for name, command in zip(rounds, (ours, theirs)):
            shutil.rmtree(out, ignore_errors=True)
            if command is theirs:
                os.makedirs(out)
            rounds[name].append(measured(command))
    shutil.rmtree(out, ignore_errors=True)
    print(f"{checkpoint}: {os.path.getsize(checkpoint) / 1e6:.0f} MB")
    for name, results in rounds.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*results))
        print(f"{name:24} wall {wall:6.1f} s   cpu {cpu:6.1f} s   peak {memory:6.0f} MB   (median of {len(results)})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        print(f"{make_checkpoint(sys.argv[2], sys.argv[3]):,} parameters")
    else:
        main()
