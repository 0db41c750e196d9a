"""Write scikit-learn's digits, 1,797 images of 8 x 8, as arrays of a file.

python examples/write_digits.py [data/01_raw/digits.npz]
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

path = Path((sys.argv[1:] or ["data/01_raw/digits.npz"])[0])
digits = load_digits()
pixels = (digits.images * 255 / 16).round().astype(np.uint8)
np.savez_compressed(path, images=pixels[..., None], labels=digits.target)
print(f"{path}: {len(pixels):,} images")
