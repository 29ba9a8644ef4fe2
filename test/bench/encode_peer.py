"""CLIP's image tower in PyTorch, as the other side of the ratios of encode.mjs.

    pip install torch numpy safetensors transformers
    python test/bench/encode_peer.py --weights DIR [--dtype fp32|bf16] [--batch 16] [--threads 1]
                                     [--device cpu|cuda]

DIR holds what `housestyle bench encode --weights DIR` wrote. A batch of pixels goes through ViT-B/32 for each line of
standard input; the figures are printed as one JSON object. On the GPU pixels begin in the host's memory and embeddings
end there, and no clock is read before the GPU is done. TF32 is off, so that fp32 is fp32: PyTorch's default for
products, not for convolutions.
"""

import argparse
import json
import os
import resource
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument('--weights', required=True)
parser.add_argument('--dtype', choices=['fp32', 'bf16'], default='fp32')
parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
parser.add_argument('--batch', type=int, default=16)
parser.add_argument('--threads', type=int, default=1)
options = parser.parse_args()
os.environ.setdefault('OMP_NUM_THREADS', str(options.threads))
os.environ.setdefault('MKL_NUM_THREADS', str(options.threads))

import torch
from safetensors.torch import load_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

torch.set_num_threads(options.threads)
if options.device == 'cuda':
    if not torch.cuda.is_available():
        sys.exit(f'PyTorch {torch.__version__} finds no CUDA device: nothing can be compared on a GPU')
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
DTYPE = torch.bfloat16 if options.dtype == 'bf16' else torch.float32
VIT_B_32 = {
    'hidden_size': 768,
    'intermediate_size': 3072,
    'num_hidden_layers': 12,
    'num_attention_heads': 12,
    'image_size': 224,
    'patch_size': 32,
    'projection_dim': 512,
}

clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**VIT_B_32))
known = clip.state_dict().keys()
weights = load_file(os.path.join(options.weights, 'clip-gpt2.safetensors'))
named = {name if name in known else name.removeprefix('vision_model.'): weight for name, weight in weights.items()}
missing, unexpected = clip.load_state_dict(named, strict=False)
if unexpected or [name for name in missing if 'position_ids' not in name]:
    sys.exit(f'weights do not fit: missing {missing}, unexpected {unexpected}')
clip = clip.to(options.device, DTYPE).eval()
pixels = torch.randn(options.batch, 3, 224, 224, generator=torch.Generator().manual_seed(1)).to(DTYPE)


def finish():
    """What a GPU was asked for goes on behind the program's back."""
    if options.device == 'cuda':
        torch.cuda.synchronize()


def say(**figures):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**figures, 'peakMemoryBytes': peak}), flush=True)


say(torch=torch.__version__)
for _ in sys.stdin:
    finish()
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        clip(pixels.to(options.device)).image_embeds.cpu()
    finish()
    say(wallMs=(time.perf_counter() - wall) * 1e3, cpuMs=(time.process_time() - cpu) * 1e3)
