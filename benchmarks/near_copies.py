"""How many copies are recognised, and how many strangers are taken for copies.

Real images are re-encoded, resized and relit, and looked for among all images of the
set; pairs of the set's own images that are called copies are counted, too. The default
data has two, rightly: trousers and a bag, each photograph twice in another exposure.

    python benchmarks/near_copies.py [--quick] [--images another.parquet]

Bar: at most one pair per 5,000 images, and 95 % of copies by JPEG of quality 75 and of
those doubled and halved.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measurement.conclusion import RESULTS, conclude, new_parser, write_result
from PIL import Image

from kedro_nas.data.duplicates import candidate_pairs, confirmed, perceptual_hashes
from kedro_nas.data.layout import to_grey

DEFAULT = Path(__file__).parents[1] / "data" / "01_raw" / "fashion_mnist_12k.parquet"
SEED = 0


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def resized(image: Image.Image, scale: float) -> Image.Image:
    size = round(image.width * scale), round(image.height * scale)
    small = image.resize(size, Image.Resampling.BICUBIC)
    return small.resize(image.size, Image.Resampling.BILINEAR)


def relit(image: Image.Image, factor: float) -> Image.Image:
    return image.point(lambda level: min(255, int(level * factor)))


CHANGES = {
    "JPEG, quality 90": lambda image: jpeg(image, 90),
    "JPEG, quality 75": lambda image: jpeg(image, 75),
    "JPEG, quality 50": lambda image: jpeg(image, 50),
    "doubled and halved": lambda image: resized(image, 2),
    "shrunk to 70 % and back": lambda image: resized(image, 0.7),
    "brighter by 5 %": lambda image: relit(image, 1.05),
    "darker by 10 %": lambda image: relit(image, 0.9),
}
BAR = {"JPEG, quality 75": 0.95, "doubled and halved": 0.95}


def main() -> int:
    parser = new_parser(__doc__)
    parser.add_argument("--images", type=Path, default=DEFAULT)
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.images)
    images = np.stack([as_pixels(Image.open(io.BytesIO(b))) for b in frame["image"]])
    candidates, found = pairs_of(images)
    print(
        f"{len(images)} images, {candidates} pairs of close hashes: {len(found)} copies"
    )
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(images), 100 if arguments.quick else 300, replace=False)
    shares = {name: share_found(images, chosen, name) for name in CHANGES}
    for name, share in shares.items():
        print(f"{name:24} {share:6.1%}")
    few = len(found) <= len(images) / 5000
    passed = few and all(shares[name] >= bar for name, bar in BAR.items())
    result = {
        "images": arguments.images.name,
        "n_images": len(images),
        "n_copies_made": len(chosen),
        "pairs_of_close_hashes": candidates,
        "pairs_called_copies": len(found),
        "share_of_copies_found": shares,
        "passed": passed,
    }
    if not arguments.quick:
        path = RESULTS / f"near_copies_{arguments.images.stem}.json"
        write_result(path, result, seeds=[SEED], packages=("pillow", "scipy"))
    least = min(shares[name] for name in BAR)
    verdict = "PASSED" if passed else "SHORT"
    return conclude(
        f"{verdict}: {len(found)} pairs of the set itself; {least:.1%} of copies found",
        passed=passed,
    )


def as_pixels(image: Image.Image) -> np.ndarray:
    return np.atleast_3d(np.asarray(image))


def pairs_of(images: np.ndarray) -> tuple[int, np.ndarray]:
    grey = to_grey(images)
    light, contrast = grey.mean(axis=(1, 2)), grey.std(axis=(1, 2))
    candidates = candidate_pairs(perceptual_hashes(grey), light, contrast)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixels.npy"
        np.save(path, images)
        return len(candidates), confirmed(candidates, path)


def share_found(images: np.ndarray, chosen: np.ndarray, name: str) -> float:
    originals = [Image.fromarray(images[i].squeeze()) for i in chosen]
    copies = np.stack([as_pixels(CHANGES[name](image)) for image in originals])
    _, found = pairs_of(np.concatenate([images, copies]))
    pairs = {tuple(pair) for pair in found.tolist()}
    expected = [(int(row), len(images) + i) for i, row in enumerate(chosen)]
    return sum(pair in pairs for pair in expected) / len(expected)


if __name__ == "__main__":
    sys.exit(main())
