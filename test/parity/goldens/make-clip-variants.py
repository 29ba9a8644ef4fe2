"""Reference values of CLIPs of other kinds and sizes than the demo's, with random weights.

    pip install torch transformers numpy
    python make-clip-variants.py                 # writes clip-variants.json, small towers of every kind
    python make-clip-variants.py --real FILE     # RN50x4, ViT-B/16, ViT-L/14 at their real sizes, into FILE

Weights, pictures and texts come from a counter (`values`, restated in test/parity/clip-variants.ts), so that only
shapes and results are kept. Transformers are Hugging Face's own code; the ResNet is restated here from the paper (arXiv
2103.00020, section 2.4) and OpenAI's key names. float32, eager attention, one thread.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from transformers import CLIPConfig, CLIPModel

torch.set_num_threads(1)
GOLDENS = Path(__file__).parent


def words(name, count):
    """32 bits for each of `count` places, by the name alone: a hash of a counter."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 % 2**32
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
    h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def values(name, dims):
    """A weight: uniform around an offset, of a width that keeps what flows through a tower of ordinary size."""
    u = (words(name, int(np.prod(dims))) >> 8).astype(np.float64) / 2**23 - 1
    if name.endswith("running_var"):
        offset, scale = 1, 0.5
    elif name.endswith(("running_mean", "bias")):
        offset, scale = 0, 0.1
    elif name == "logit_scale":
        offset, scale = 2.5, 0
    elif len(dims) == 1 and name.endswith("weight"):
        offset, scale = (0.4, 0.1) if "bn3" in name or "downsample" in name else (1, 0.2)
    elif "embedding" in name and len(dims) < 4:
        offset, scale = 0, 0.5
    else:
        offset, scale = 0, np.sqrt((6 if len(dims) == 4 else 3) / np.prod(dims[1:]))
    return torch.from_numpy((offset + scale * u).astype(np.float32).reshape(dims))


def pictures(n):
    """Two of squares of 16 pixels, half their brightness noise."""
    side = -(-n // 16)

    def picture(name):
        squares = (words(f"{name} squares", side * side * 3) >> 25).reshape(side, side, 3)
        noise = (words(name, n * n * 3) >> 25).reshape(n, n, 3)
        return (squares.repeat(16, 0).repeat(16, 1)[:n, :n] + noise).astype(np.uint8)

    return [picture(f"picture {i}") for i in range(2)]


def texts(vocab_size, context_length):
    """Two, one as long as it may be; the largest id ends them and stands nowhere else."""
    lengths = (5, context_length)
    return [[int(w) % (vocab_size - 1) for w in words(f"text {i}", n - 1)] + [vocab_size - 1] for i, n in enumerate(lengths)]


MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)


def pixel_values(n):
    images = np.stack(pictures(n)).astype(np.float32) * np.float32(1 / 255)
    return torch.from_numpy(((images - MEAN) / STD).transpose(0, 3, 1, 2).copy())


class ResNet:
    """A CLIP's ResNet as a function of its state dict."""

    def __init__(self, state, layers, heads):
        self.state, self.layers, self.heads = state, layers, heads

    def conv_norm(self, x, conv, norm, stride=1):
        w = self.state[f"{conv}.weight"]
        y = F.conv2d(x, w, stride=stride, padding=w.shape[-1] // 2)
        mean, var, weight, bias = (self.state[f"{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(y, mean, var, weight, bias, training=False, eps=1e-5)

    def block(self, x, key, stride):
        y = F.relu(self.conv_norm(x, f"{key}.conv1", f"{key}.bn1"))
        y = F.relu(self.conv_norm(y, f"{key}.conv2", f"{key}.bn2"))
        y = self.conv_norm(F.avg_pool2d(y, stride), f"{key}.conv3", f"{key}.bn3")
        if f"{key}.downsample.0.weight" in self.state:
            x = self.conv_norm(F.avg_pool2d(x, stride), f"{key}.downsample.0", f"{key}.downsample.1")
        return F.relu(x + y)

    def attention_pool(self, x):
        s = {k.removeprefix("visual.attnpool."): v for k, v in self.state.items() if ".attnpool." in k}
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + s["positional_embedding"]
        q, k, v = (
            F.linear(y, s[f"{n}_proj.weight"], s[f"{n}_proj.bias"]).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for n, y in (("q", x[:, :1]), ("k", x), ("v", x))
        )
        shares = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        return F.linear((shares @ v).transpose(1, 2).flatten(1), s["c_proj.weight"], s["c_proj.bias"])

    def __call__(self, x):
        for i in (1, 2, 3):
            x = F.relu(self.conv_norm(x, f"visual.conv{i}", f"visual.bn{i}", stride=2 if i == 1 else 1))
        x = F.avg_pool2d(x, 2)
        for stage, count in enumerate(self.layers, 1):
            for i in range(count):
                x = self.block(x, f"visual.layer{stage}.{i}", 2 if stage > 1 and i == 0 else 1)
        return self.attention_pool(x)


def resnet_shapes(layers, width, image_size, projection_dim):
    shapes = {}

    def conv_norm(conv, norm, out, inside, kernel):
        shapes[f"{conv}.weight"] = [out, inside, kernel, kernel]
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{name}"] = [out]

    for i, (inside, out) in enumerate([(3, width // 2), (width // 2, width // 2), (width // 2, width)], 1):
        conv_norm(f"visual.conv{i}", f"visual.bn{i}", out, inside, 3)
    inside = width
    for stage, count in enumerate(layers, 1):
        planes = width * 2 ** (stage - 1)
        for i in range(count):
            key = f"visual.layer{stage}.{i}"
            for conv, (out, before, kernel) in enumerate(
                [(planes, inside, 1), (planes, planes, 3), (4 * planes, planes, 1)], 1
            ):
                conv_norm(f"{key}.conv{conv}", f"{key}.bn{conv}", out, before, kernel)
            if i == 0:
                conv_norm(f"{key}.downsample.0", f"{key}.downsample.1", 4 * planes, inside, 1)
            inside = 4 * planes
    shapes["visual.attnpool.positional_embedding"] = [(image_size // 32) ** 2 + 1, inside]
    for name, out in (("q", inside), ("k", inside), ("v", inside), ("c", projection_dim)):
        shapes[f"visual.attnpool.{name}_proj.weight"] = [out, inside]
        shapes[f"visual.attnpool.{name}_proj.bias"] = [out]
    return shapes


def layer_shapes(key, width, layers):
    shapes = {}
    for i in range(layers):
        for name, *dims in (
            ("attn.in_proj_weight", 3 * width, width),
            ("attn.in_proj_bias", 3 * width),
            ("attn.out_proj.weight", width, width),
            ("attn.out_proj.bias", width),
            ("ln_1.weight", width),
            ("ln_1.bias", width),
            ("mlp.c_fc.weight", 4 * width, width),
            ("mlp.c_fc.bias", 4 * width),
            ("mlp.c_proj.weight", width, 4 * width),
            ("mlp.c_proj.bias", width),
            ("ln_2.weight", width),
            ("ln_2.bias", width),
        ):
            shapes[f"{key}.resblocks.{i}.{name}"] = dims
    return shapes


def text_shapes(text, projection_dim):
    width = text["hidden_size"]
    return {
        "positional_embedding": [text["max_position_embeddings"], width],
        "text_projection": [width, projection_dim],
        "logit_scale": [],
        **layer_shapes("transformer", width, text["num_hidden_layers"]),
        "token_embedding.weight": [text["vocab_size"], width],
        "ln_final.weight": [width],
        "ln_final.bias": [width],
    }


def vit_shapes(vision, projection_dim):
    width, p = vision["hidden_size"], vision["patch_size"]
    return {
        "visual.class_embedding": [width],
        "visual.positional_embedding": [(vision["image_size"] // p) ** 2 + 1, width],
        "visual.proj": [width, projection_dim],
        "visual.conv1.weight": [width, 3, p, p],
        **{f"visual.{n}.{k}": [width] for n in ("ln_pre", "ln_post") for k in ("weight", "bias")},
        **layer_shapes("visual.transformer", width, vision["num_hidden_layers"]),
    }


def as_hugging_face(state):
    """Transformers' tensors from OpenAI's names to CLIPModel's; a ResNet's are left out."""
    names = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj"}
    names |= {"mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    others = {
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "ln_final.weight": "text_model.final_layer_norm.weight",
        "ln_final.bias": "text_model.final_layer_norm.bias",
        "logit_scale": "logit_scale",
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
        "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
        "visual.ln_post.weight": "vision_model.post_layernorm.weight",
        "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    }
    found = {}
    for name, value in state.items():
        if ".resblocks." in name:
            tower, rest = name.split("transformer.resblocks.")
            layer, _, inner = rest.partition(".")
            prefix = f"{'vision' if tower else 'text'}_model.encoder.layers.{layer}"
            if "in_proj" in inner:
                for letter, third in zip("qkv", value.chunk(3)):
                    found[f"{prefix}.self_attn.{letter}_proj.{inner.rpartition('_')[2]}"] = third
            else:
                module, _, kind = inner.rpartition(".")
                found[f"{prefix}.{names[module]}.{kind}"] = value
        elif name in ("text_projection", "visual.proj"):
            found["text_projection.weight" if name[0] == "t" else "visual_projection.weight"] = value.T
        elif name in others:
            found[others[name]] = value
    return found


def embedded(array):
    return base64.b64encode(array.detach().numpy().astype("<f4").tobytes()).decode()


def variant(projection_dim, vision, text, is_openai):
    """`is_openai`: the weights are made under OpenAI's names."""
    is_resnet = "layers" in vision
    config = {"projection_dim": projection_dim, "vision_config": vision, "text_config": text}
    unused = {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 1}
    whole = CLIPConfig(
        projection_dim=projection_dim,
        vision_config=unused if is_resnet else vision,
        text_config={"pad_token_id": 0, "bos_token_id": 0, **text},
    )
    whole._attn_implementation = "eager"
    model = CLIPModel(whole).eval()
    if is_openai:
        shapes = text_shapes(text, projection_dim)
        n = vision["image_size"]
        if is_resnet:
            shapes |= resnet_shapes(vision["layers"], vision["width"], n, projection_dim)
        else:
            shapes |= vit_shapes(vision, projection_dim)
        state = {name: values(name, dims) for name, dims in shapes.items()}
        given = as_hugging_face({k: v for k, v in state.items() if not (is_resnet and k.startswith("visual."))})
    else:
        shapes = {name: list(p.shape) for name, p in model.named_parameters()}
        state = given = {name: values(name, dims) for name, dims in shapes.items()}
    missing, unexpected = model.load_state_dict(given, strict=False)
    assert not unexpected, unexpected
    assert is_resnet or not [name for name in missing if "position_ids" not in name], missing
    with torch.no_grad():
        pixels = pixel_values(vision["image_size"])
        if is_resnet:
            images = ResNet(state, vision["layers"], vision["num_attention_heads"])(pixels)
        else:
            images = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
        ids = texts(text["vocab_size"], text["max_position_embeddings"])
        found = [model.text_model(input_ids=torch.tensor([t]), attention_mask=torch.ones(1, len(t))) for t in ids]
        sentences = torch.cat([model.text_projection(f.pooler_output) for f in found])
    expected = {"image_embeds": embedded(images), "text_embeds": embedded(sentences)}
    return {"config": config, "tensors": shapes, **expected}, state


def text_config(width, layers, heads, vocab_size=40, length=9, act="quick_gelu"):
    return {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "hidden_act": act,
        "vocab_size": vocab_size,
        "max_position_embeddings": length,
        "eos_token_id": vocab_size - 1,
    }


def vit_config(width, layers, heads, patch, image, act="quick_gelu"):
    return {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "hidden_act": act,
        "patch_size": patch,
        "image_size": image,
    }


def resnet_config(layers, width, heads, image):
    return {"layers": layers, "width": width, "num_attention_heads": heads, "image_size": image}


SMALL = {
    "vit-b-16, quick_gelu": (32, vit_config(48, 3, 4, 16, 96), text_config(32, 2, 4), False),
    "vit-l-14, quick_gelu": (48, vit_config(64, 3, 4, 14, 70), text_config(48, 2, 3), False),
    "vit-l-14, gelu": (48, vit_config(64, 3, 4, 14, 70, "gelu"), text_config(48, 2, 3, act="gelu"), False),
    "vit-b-16 under OpenAI's names": (32, vit_config(48, 3, 4, 16, 96), text_config(32, 2, 4), True),
    "rn50x4, a tenth as wide": (640, resnet_config([4, 6, 10, 6], 8, 4, 288), text_config(64, 2, 1), True),
    "rn50, of few blocks": (24, resnet_config([1, 2, 1, 2], 6, 3, 96), text_config(24, 1, 2), True),
}
REAL = {
    "rn50x4": (640, resnet_config([4, 6, 10, 6], 80, 40, 288), text_config(640, 12, 10, 49408, 77), True),
    "vit-b-16": (512, vit_config(768, 12, 12, 16, 224), text_config(512, 12, 8, 49408, 77), False),
    "vit-l-14": (768, vit_config(1024, 24, 16, 14, 224), text_config(768, 12, 12, 49408, 77), False),
}

if __name__ == "__main__":
    is_real = "--real" in sys.argv
    file = Path(sys.argv[-1]) if is_real else GOLDENS / "clip-variants.json"
    found = {"torch": torch.__version__, "transformers": transformers.__version__, "variants": {}}
    for name, sizes in (REAL if is_real else SMALL).items():
        found["variants"][name], _ = variant(*sizes)
        print(name, flush=True)
    file.write_text(json.dumps(found, separators=(",", ":")) + "\n")
