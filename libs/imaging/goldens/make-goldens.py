"""Makes the golden pixels of `resizeForClip` and `decodeImage` with Pillow (and, where it is installed, checks them
against transformers' CLIPImageProcessor). Run: python make-goldens.py (needs pillow 12, numpy).

Pillow 13 turns the order of its two passes round for pictures more than about twice as high as wide, which changes
single values where the passes clip. The models were trained on the old order, and we keep it.

resize.json: per case the input size, the crop size, the seed of the input's pixels and the crop's pixels (zlib, base64).
orient-N.jpg, *.png, *.jpg …: small pictures of every kind; decode.json: their pixels as Pillow shows them.
hevc.heic is made only where pillow-heif is installed.
"""

import base64
import json
import pathlib
import zlib

import numpy as np
from PIL import Image, ImageOps

assert Image.__version__.startswith("12."), "made with Pillow 12: see above"
HERE = pathlib.Path(__file__).parent

# width, height, size: odd sizes, portrait, landscape, square, upscaling, one pixel wide or high, size 1
RESIZE_CASES = [
    (128, 128, 64), (129, 127, 64), (127, 201, 33), (301, 77, 32), (40, 31, 48), (7, 5, 24), (1, 9, 16), (13, 1, 16),
    (1, 1, 8), (64, 64, 64), (64, 97, 64), (500, 333, 21), (17, 640, 16), (97, 89, 1), (1023, 767, 40),
]


def pixels(width, height, seed):
    """The input both sides make for themselves: a 32-bit linear congruential generator's top byte, RGB, row by row."""
    state = seed
    out = np.empty(width * height * 3, np.uint8)
    for i in range(out.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        # one value in four is an extreme, so that the clipping at 0 and 255 is met
        top = state >> 24
        out[i] = top if top & 3 else (255 if top & 4 else 0)
    return out.reshape(height, width, 3)


def resize_for_clip(image, size):
    """CLIPImageProcessor's resize (shortest edge, bicubic) and centre crop."""
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_long = int(size * long / short)
    new_width, new_height = (size, new_long) if width <= height else (new_long, size)
    image = image.resize((new_width, new_height), Image.Resampling.BICUBIC)
    left, top = (new_width - size) // 2, (new_height - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)))


def check_against_transformers(image, size, crop):
    try:
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil as Processor
    except ImportError:
        try:
            from transformers import CLIPImageProcessor as Processor
        except ImportError:
            return False
    processor = Processor(size={"shortest_edge": size}, crop_size={"height": size, "width": size},
                          do_normalize=False, do_rescale=False)
    pixel_values = np.asarray(processor(image, return_tensors="np")["pixel_values"][0])
    assert np.array_equal(pixel_values.transpose(1, 2, 0).astype(np.uint8), crop), (image.size, size)
    return True


def encoded(array):
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def make_resize():
    cases, checked = [], 0
    for seed, (width, height, size) in enumerate(RESIZE_CASES):
        image = Image.fromarray(pixels(width, height, seed))
        crop = resize_for_clip(image, size)
        checked += check_against_transformers(image, size, crop)
        cases.append({"width": width, "height": height, "size": size, "seed": seed, "crop": encoded(crop)})
    (HERE / "resize.json").write_text(json.dumps(cases, indent=1) + "\n")
    print(f"{len(cases)} resize cases, {checked} equal to transformers")


def scene():
    """A small picture with an up and a left: a gradient with a red corner and a dark bar."""
    y, x = np.mgrid[0:36, 0:52]
    rgb = np.stack([60 + 3 * x, 40 + 5 * y, 200 - 2 * x - y], -1).clip(0, 255).astype(np.uint8)
    rgb[:10, :14] = (230, 30, 20)
    rgb[22:26, 8:44] = (20, 25, 60)
    return Image.fromarray(rgb)


def make_decode():
    picture = scene()
    files = {}

    def save(name, image, expected=None, **options):
        image.save(HERE / name, **options)
        if expected is None:
            expected = ImageOps.exif_transpose(Image.open(HERE / name)).convert("RGB")
        files[name] = {"width": expected.width, "height": expected.height, "rgb": encoded(np.asarray(expected))}

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"orient-{orientation}.jpg", picture, quality=92, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("orient-6.png", picture, exif=exif)
    save("subsampled.jpg", picture, quality=80, subsampling=2)
    save("progressive.jpg", picture, quality=85, progressive=True)
    save("rgb.png", picture)
    save("rgb.webp", picture, lossless=True)
    save("rgb.tiff", picture, compression="tiff_lzw")
    save("palette.png", picture.quantize(16))
    save("grey.png", picture.convert("L"))
    save("grey.jpg", picture.convert("L"), quality=92)
    save("one-bit.png", picture.convert("1"))

    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.fromarray((np.mgrid[0:36, 0:52][1] * 5).clip(0, 255).astype(np.uint8)))
    white = Image.new("RGBA", alpha.size, "white")
    save("alpha.png", alpha, Image.alpha_composite(white, alpha).convert("RGB"))

    frames = [picture, picture.transpose(Image.Transpose.ROTATE_180)]
    frames[0].save(HERE / "animated.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    first = Image.open(HERE / "animated.gif").convert("RGB")
    files["animated.gif"] = {"width": first.width, "height": first.height, "rgb": encoded(np.asarray(first))}

    deep = (np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    expected = Image.fromarray((deep >> 8).astype(np.uint8)).convert("RGB")
    save("grey-16-bit.png", Image.fromarray(deep), expected)

    save("cmyk.jpg", picture.convert("CMYK"), quality=92)
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
        picture.save(HERE / "hevc.heic", quality=60)
    except ImportError:
        pass
    (HERE / "decode.json").write_text(json.dumps(files, indent=1) + "\n")
    print(f"{len(files)} pictures")


make_resize()
make_decode()
