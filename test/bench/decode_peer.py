"""The captions of `housestyle bench decode` in PyTorch, as the other side of its ratios.

    pip install torch numpy safetensors transformers pillow
    python test/bench/decode_peer.py --weights DIR --form huggingface|official [--from prefix|jpeg] [--dtype fp32|bf16]
                                     [--device cpu|cuda]

DIR is what `housestyle bench decode --paced --weights DIR` wrote: weights, decode-batch.json and, from JPEG, pictures.
All images are captioned for each line of standard input; the figures are printed as one JSON object.

huggingface   Hugging Face's GPT2LMHeadModel.generate over the whole batch, with its cache of keys and values.
official      What ClipCap's generate_beam does (arXiv 2111.09734), said anew: one image at a time, no cache, every
              position of every beam computed again for each token.

From JPEG, Pillow decodes and resizes as CLIPImageProcessor does, and CLIPVisionModelWithProjection and the MLP mapper
give the prefixes; the official form takes one image at a time there too. Nothing stops before its last token.

On the GPU prefixes or pixels begin in the host's memory and tokens end there, and no clock is read before the GPU is
done. TF32 is off, so that fp32 is fp32: PyTorch's default for products, not for convolutions.
"""

import argparse
import json
import os
import resource
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument('--weights', required=True)
parser.add_argument('--form', choices=['huggingface', 'official'], required=True)
parser.add_argument('--from', dest='source', choices=['prefix', 'jpeg'], default='prefix')
parser.add_argument('--dtype', choices=['fp32', 'bf16'], default='fp32')
parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
parser.add_argument('--size', default='gpt2', help='of the weights: gpt2 or tiny')
parser.add_argument('--images', type=int, help='the first ones only')
parser.add_argument('--threads', type=int, default=1)
options = parser.parse_args()
os.environ.setdefault('OMP_NUM_THREADS', str(options.threads))
os.environ.setdefault('MKL_NUM_THREADS', str(options.threads))

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, GPT2Config, GPT2LMHeadModel

torch.set_num_threads(options.threads)
transformers.logging.set_verbosity_error()
if options.device == 'cuda':
    if not torch.cuda.is_available():
        sys.exit(f'PyTorch {torch.__version__} finds no CUDA device: nothing can be compared on a GPU')
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
DTYPE = torch.bfloat16 if options.dtype == 'bf16' else torch.float32
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)

with open(os.path.join(options.weights, 'decode-batch.json')) as file:
    batch = json.load(file)
K, C = batch['mapper']['prefix_length'], batch['gpt2']['n_embd']
BEAMS, TOKENS = batch['numBeams'], batch['tokens']
images = options.images or batch['batch']


def weights_of(name):
    return load_file(os.path.join(options.weights, f'{name}-{options.size}.safetensors'))


def loaded(model, weights):
    """Names with or without the model's own first part, whichever it knows; tied weights may be missing."""
    known = model.state_dict().keys()
    named = {name if name in known else name.removeprefix('vision_model.'): w for name, w in weights.items()}
    missing, unexpected = model.load_state_dict(named, strict=False)
    if unexpected or [name for name in missing if name != 'lm_head.weight' and 'position_ids' not in name]:
        sys.exit(f'weights do not fit: missing {missing}, unexpected {unexpected}')
    model.tie_weights() if hasattr(model, 'tie_weights') else None
    return model.to(options.device, DTYPE).eval()


gpt2 = loaded(GPT2LMHeadModel(GPT2Config(**batch['gpt2'])), weights_of('gpt2'))
gpt2.generation_config.eos_token_id = None
if options.source == 'jpeg':
    from PIL import Image

    sizes = batch['clip']
    clip = loaded(
        CLIPVisionModelWithProjection(
            CLIPVisionConfig(**sizes['vision_config'], projection_dim=sizes['projection_dim'])
        ),
        weights_of('clip'),
    )
    n = sizes['vision_config']['image_size']
    mapper = {name: w.to(options.device, DTYPE) for name, w in weights_of(f'mlp-{K}').items()}


def pixels_of(number):
    """[3, n, n]"""
    picture = Image.open(os.path.join(options.weights, f'picture-{number}.jpg')).convert('RGB')
    width, height = picture.size
    short = min(width, height)
    picture = picture.resize((int(n * width / short), int(n * height / short)), Image.BICUBIC)
    left, top = (picture.width - n) // 2, (picture.height - n) // 2
    values = np.asarray(picture.crop((left, top, left + n, top + n)), np.float32) / 255
    return torch.from_numpy((values - MEAN) / STD).permute(2, 0, 1)


def prefixes_of(numbers):
    """[B, K, C]"""
    if options.source == 'prefix':
        return torch.tensor([batch['prefixes'][i] for i in numbers], dtype=DTYPE).view(-1, K, C).to(options.device)
    x = clip(torch.stack([pixels_of(i) for i in numbers]).to(options.device, DTYPE)).image_embeds
    key = 'clip_project.model'
    x = torch.nn.functional.linear(x, mapper[f'{key}.0.weight'], mapper[f'{key}.0.bias']).tanh()
    return torch.nn.functional.linear(x, mapper[f'{key}.2.weight'], mapper[f'{key}.2.bias']).view(-1, K, C)


def huggingface():
    prefixes = prefixes_of(range(images))
    return gpt2.generate(
        inputs_embeds=prefixes,
        attention_mask=torch.ones(prefixes.shape[:2], dtype=torch.long, device=options.device),
        num_beams=BEAMS,
        do_sample=False,
        max_new_tokens=TOKENS,
        eos_token_id=None,
        pad_token_id=0,
    ).tolist()


def official():
    return [generate_beam(prefixes_of([i])) for i in range(images)]


def generate_beam(x):
    """x [1, K, C] → tokens of the best beam"""
    wte = gpt2.transformer.wte
    scores = tokens = None
    lengths = torch.ones(BEAMS, device=options.device)
    for _ in range(TOKENS):
        log_probs = gpt2(inputs_embeds=x).logits[:, -1].float().log_softmax(-1)
        if scores is None:
            scores, next_tokens = log_probs.topk(BEAMS, -1)
            scores, tokens = scores[0], next_tokens[0][:, None]
            x = x.expand(BEAMS, -1, -1)
        else:
            lengths = lengths + 1
            means, best = ((scores[:, None] + log_probs) / lengths[:, None]).view(-1).topk(BEAMS)
            source, token = best // log_probs.shape[1], best % log_probs.shape[1]
            lengths = lengths[source]
            scores = means * lengths
            tokens = torch.cat([tokens[source], token[:, None]], 1)
            x = x[source]
        x = torch.cat([x, wte(tokens[:, -1])[:, None]], 1)
    return tokens[(scores / lengths).argmax()].tolist()


def finish():
    """What a GPU was asked for goes on behind the program's back."""
    if options.device == 'cuda':
        torch.cuda.synchronize()


def say(**figures):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**figures, 'peakMemoryBytes': peak}), flush=True)


say(images=images, torch=torch.__version__, transformers=transformers.__version__)
for _ in sys.stdin:
    finish()
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        tokens = huggingface() if options.form == 'huggingface' else official()
    finish()
    say(tokens=tokens, wallMs=(time.perf_counter() - wall) * 1e3, cpuMs=(time.process_time() - cpu) * 1e3)
