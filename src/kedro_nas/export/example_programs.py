"""A program per exported file that classifies images, without this package."""

from __future__ import annotations

from kedro_nas.export.formats import Exporter
from kedro_nas.records.preprocessing import Preprocessing

EXAMPLE_NAME = "classify_with_{name}.py"

_PROGRAM = '''\
"""Classify images: python {file} photo.jpg ..., in the folder of the model."""

import sys

import numpy
from PIL import Image, ImageOps

{snippet}

def read(path):  # 8-bit images; preprocessing.json tells all of what training did
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, ({grey}, {grey}, {grey}, 255))
        image = Image.alpha_composite(behind, image.convert("RGBA"))
    image = image.convert("{mode}")
{fit}    return numpy.asarray(image).reshape({height}, {width}, {channels})


with open("labels.txt", encoding="utf-8") as file:
    labels = file.read().splitlines()
for path in sys.argv[1:]:
    shares = predict(read(path)[None])[0]
    print(path, labels[shares.argmax()], f"{{shares.max():.4f}}", sep="\\t")
'''

_RESIZE = """\
    ratio = {choose}({height} / image.height, {width} / image.width)
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    image = image.resize(size, Image.Resampling.BILINEAR)
"""
_FIT = {
    "pad": _RESIZE
    + """\
    canvas = Image.new("{mode}", ({width}, {height}), {colour})
    canvas.paste(image, (({width} - size[0]) // 2, ({height} - size[1]) // 2))
    image = canvas
""",
    "crop": _RESIZE
    + """\
    left, top = (size[0] - {width}) // 2, (size[1] - {height}) // 2
    image = image.crop((left, top, left + {width}, top + {height}))
""",
    "stretch": """\
    image = image.resize(({width}, {height}), Image.Resampling.BILINEAR)
""",
}


def example_program(exporter: Exporter, contract: Preprocessing) -> str:
    """Return a program that classifies the image files it is given.

    It reads 8-bit images as the training did, prints path, class and probability, and
    needs the runtime of the format, NumPy and Pillow.

    Args:
        exporter: The format; its `snippet` loads the file.
        contract: How the images of the training became pixels.
    """
    grey = contract.background
    values = {
        "height": contract.height,
        "width": contract.width,
        "channels": contract.channels,
        "mode": "L" if contract.channels == 1 else "RGB",
        "grey": grey,
        "colour": grey if contract.channels == 1 else (grey, grey, grey),
        "choose": "min" if contract.fit == "pad" else "max",
    }
    snippet = exporter.snippet()
    if "import numpy\n" in snippet.splitlines(keepends=True):
        snippet = snippet.replace("import numpy\n", "", 1)
    return _PROGRAM.format(
        **values,
        file=EXAMPLE_NAME.format(name=exporter.name),
        snippet=snippet,
        fit=_FIT[contract.fit].format(**values),
    )
