"""The files that a device times: single operators, and whole networks to check them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kedro_nas.files import write_json
from kedro_nas.latency import kedro_nas_device_benchmark as benchmark
from kedro_nas.latency.operator_files import write_network, write_operator
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import resolve_options, spell_out
from kedro_nas.space.costs import costs
from kedro_nas.space.encoding import decode_values
from kedro_nas.space.operator_model import group_of
from kedro_nas.space.operators import Operator, list_operators
from kedro_nas.space.sampling import draw_values

Shape = tuple[int, int, int]

# All blocks, attentions and activations of the vocabulary.
_WHOLE_SPACE = SearchSpaceOptions(
    preset="accuracy",
    blocks=(
        "conv",
        "residual",
        "bottleneck",
        "separable",
        "inverted_residual",
        "fused_inverted_residual",
        "convnext",
    ),
    attention=("none", "se", "eca", "cbam", "self_attention"),
    activation=("relu", "swish", "hard_swish", "gelu"),
    pooling=("average", "flatten"),
    depth=(1, 2, 3),
    width=(16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512),
    stem_width=(16, 24, 32, 48, 64),
)
_N_CLASSES = 10
_MAX_MACS, _MAX_PARAMS = 100_000_000, 4_000_000
DRAWN = 400
# Networks are dominated by convolutions: most files are theirs.
_SHARES = {
    "conv kxk": 0.25,
    "conv 1x1": 0.17,
    "conv of a vector": 0.06,
    "depthwise": 0.14,
}


class Probes(NamedTuple):
    """What is timed on a device.

    Attributes:
        operators: Timed one by one; the table of the profile.
        networks: Timed as a whole, to calibrate and to check the predictions.
    """

    operators: tuple[Operator, ...]
    networks: tuple[Architecture, ...]


def draw_networks(
    image_shapes: Sequence[Shape], n: int, seed: int, *, purpose: str = "probes"
) -> list[Architecture]:
    """Draw networks from the whole vocabulary, of all sizes up to 100 M MACs.

    Args:
        image_shapes: Height, width, channels; networks are drawn for each in turn.
        n: How many.
        seed: Root seed.
        purpose: Other purposes draw other networks.
    """
    rng = generator(seed, "latency", purpose)
    options = resolve_options(_WHOLE_SPACE)
    choices = [spell_out(options, shape) for shape in image_shapes]
    found: list[Architecture] = []
    while len(found) < n:
        place = len(found) % len(image_shapes)
        architecture = decode_values(
            choices[place],
            draw_values(choices[place], rng),
            input_shape=image_shapes[place],
            n_classes=_N_CLASSES,
            custom_blocks={},
            weights="none",
            weights_digest="",
        )
        cost = costs(architecture)
        if cost.macs <= _MAX_MACS and cost.params <= _MAX_PARAMS:
            found.append(architecture)
    return found


def draw_probes(
    image_shapes: Sequence[Shape],
    *,
    n_operators: int,
    n_networks: int,
    seed: int,
    n_drawn: int = DRAWN,
) -> Probes:
    """Choose operators of random networks, of every kind, and some whole networks.

    Args:
        image_shapes: Sizes of images the profile is made for.
        n_operators: Number of operators, at least one of each kind.
        n_networks: Number of whole networks.
        seed: Root seed.
        n_drawn: Networks whose operators are chosen from.
    """
    counts: Counter[Operator] = Counter()
    for architecture in draw_networks(image_shapes, n_drawn, seed, purpose="table"):
        counts.update(list_operators(architecture))
    groups: dict[str, list[Operator]] = {}
    for operator in sorted(counts):
        groups.setdefault(group_of(operator), []).append(operator)
    rng = generator(seed, "latency", "operators")
    rest = (1 - sum(_SHARES.values())) / max(1, len(groups) - len(_SHARES))
    chosen: list[Operator] = []
    for name, members in groups.items():
        wanted = max(3, round(n_operators * _SHARES.get(name, rest)))
        chosen += _spread(members, wanted, rng)
    networks = draw_networks(image_shapes, n_networks, seed)
    return Probes(tuple(chosen), tuple(networks))


def _spread(
    members: list[Operator], wanted: int, rng: np.random.Generator
) -> list[Operator]:
    """Choose operators that are far from each other, the first at random."""
    if len(members) <= wanted:
        return members
    places = np.log([[*one.shape[:4], one.kernel + 1, one.stride] for one in members])
    chosen = [int(rng.integers(len(members)))]
    distances = np.full(len(members), np.inf)
    while len(chosen) < wanted:
        last = ((places - places[chosen[-1]]) ** 2).sum(axis=1)
        distances = np.minimum(distances, last)
        # half of them at the borders, half as they occur
        far = len(chosen) % 2 == 0
        weights = distances if far else np.minimum(distances, 1.0)
        weights = weights / weights.sum()
        pick = int(weights.argmax() if far else rng.choice(len(members), p=weights))
        chosen.append(pick)
    return [members[place] for place in sorted(set(chosen))]


def write_probes(folder: Path, probes: Probes) -> Path:
    """Write a file per operator and network, their manifest and the program for them.

    Args:
        folder: Created if missing; files of the same names are replaced.
        probes: What to write.

    Returns:
        `folder`, which is all that a device needs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    for number, operator in enumerate(probes.operators):
        name = f"operator_{number:03d}.tflite"
        (folder / name).write_bytes(write_operator(operator))
        entries.append({"file": name, "operator": list(operator)})
    for number, network in enumerate(probes.networks):
        name = f"network_{number:03d}.tflite"
        (folder / name).write_bytes(write_network(network))
        entries.append({"file": name, "network": network.to_dict()})
    identity = hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()
    manifest = {"format": benchmark.FORMAT, "id": identity[:16], "files": entries}
    write_json(folder / benchmark.MANIFEST, manifest)
    shutil.copy(benchmark.__file__, folder / Path(benchmark.__file__).name)
    return folder
