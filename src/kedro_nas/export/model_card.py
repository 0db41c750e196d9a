"""The model card that travels with the files, in the form Hugging Face reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kedro_nas.export.formats import Exporter
from kedro_nas.number_text import percent
from kedro_nas.space.architecture import Architecture

_CARD = """---
license: {model_license}
library_name: keras
pipeline_tag: image-classification
tags: [keras, image-classification, neural-architecture-search, kedro-nas]
---

# {name}

Classifies images of {height} x {width} pixels with {channels} into {n_classes}
classes: {classes}.

**Input**: raw pixels 0-255, uint8, `(n, {height}, {width}, {depth})`; scaling is
inside the model.
**Output**: probabilities `(n, {n_classes})`, in the order of the classes above.

## How it was found

`{network}`

{sentence}

{measured}

What the test images say is in `test_metrics.json` and the report of the run; they were
read once, after this file was written. The accuracy above was measured on images that
earlier steps had seen; expect the test to be the more honest number.

## Limits

It knows the classes above only, and gives one of them to any image. It was trained on
images like those of its data set; on others its probabilities mean little.

## Use
{usage}
## The files are the model

{parity}
"""


def write_card(
    best: Mapping[str, Any],
    class_names: Iterable[str],
    exporters: Iterable[Exporter],
    parity: Mapping[str, Mapping[str, Any]],
    model_license: str,
) -> str:
    """Write the card.

    Args:
        best: `nas.best_architecture`.
        class_names: Names in the order of the model's outputs.
        exporters: Formats that were written.
        parity: What `check_parity` found.
        model_license: SPDX identifier.

    Returns:
        Markdown with YAML front matter.
    """
    architecture = Architecture.from_dict(dict(best["architecture"]))
    height, width, depth = architecture.input_shape
    return _CARD.format(
        model_license=model_license,
        name=best.get("name") or architecture.describe(),
        height=height,
        width=width,
        depth=depth,
        channels="one channel" if depth == 1 else f"{depth} channels",
        n_classes=architecture.n_classes,
        classes=", ".join(f"`{name}`" for name in class_names),
        network=architecture.describe(),
        sentence=best.get("sentence") or "It was not compared with other networks.",
        measured=_measured(best),
        usage="".join(
            f"\n```python\n{exporter.snippet()}```\n" for exporter in exporters
        ),
        parity=_parity_table(parity),
    )


def _measured(best: Mapping[str, Any]) -> str:
    mean, low, high = (best.get(key) for key in ("cv_mean", "ci_low", "ci_high"))
    if mean is None:
        return "No cross-validated accuracy is known."
    interval = (
        "" if low is None or high is None else f" (95 %: {low:.3f} to {high:.3f})"
    )
    return f"Cross-validated {best.get('objective', 'accuracy')}: {mean:.3f}{interval}."


def _parity_table(parity: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| format | images compared | largest difference | equal decisions | bytes |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {row['n_images']} | {row['max_difference']:.1e} "
        f"| {percent(row['equal_decisions'])} | {row['bytes']} |"
        for name, row in parity.items()
    ]
    return "\n".join(lines)
