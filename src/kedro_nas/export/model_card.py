"""The model card of the exported files, in the format of Hugging Face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kedro_nas.export.formats import Exporter, traits_of
from kedro_nas.number_text import percent
from kedro_nas.records.export import FormatParity
from kedro_nas.records.latency import ExportLatency
from kedro_nas.records.ranking import Choice
from kedro_nas.statistics.objectives import title_of

_CARD = """---
license: {model_license}
library_name: keras
pipeline_tag: image-classification
tags: [keras, image-classification, neural-architecture-search, kedro-nas]
---

# {name}

Classifies images of {height} x {width} pixels with {channels} into {n_classes}
classes: {classes}.

**Input**: raw pixels 0-255, uint8, `(n, {height}, {width}, {depth})`, which
`predict` below takes as they are; scaling is inside the model.
**Output**: probabilities `(n, {n_classes})`, in the order of the classes above.

## How it was found

`{network}`

{sentence}

{measured}

{tested} The accuracy above was measured on
images that the search had used; the accuracy on the test images is the unbiased one.

## Limits

Every image is given one of the classes above, whatever it shows. The model was trained
on images like those of its data set; on others its probabilities mean little.

## Use
{usage}
## Parity of the files with the trained model

Each file was loaded in a process of its own, by the program above, and given images the
model was trained on. The limit is of the largest difference of a probability, or of the
accuracy lost, in percentage points (pp).

{parity}
{latency}"""

_TESTED = """\
The accuracy on the test images is in `test_metrics.json` and in the report of the run;
they were read once, after this file was written."""
_TESTED_BY_HAND = """\
The test images were read for this network only if `test_metrics.json` is beside this
file: there is its accuracy, and for how many models they have been read (`reads`)."""


def write_card(
    choice: Choice,
    class_names: Iterable[str],
    exporters: Iterable[Exporter],
    parity: Mapping[str, FormatParity],
    latency: ExportLatency,
    model_license: str,
    max_accuracy_drop_pp: float,
) -> str:
    """Write the card.

    Args:
        choice: The network that was chosen.
        class_names: Names in the order of the model's outputs.
        exporters: Formats that were written.
        parity: Parity of each format, by its name.
        latency: Latency of each format on this machine.
        model_license: SPDX identifier.
        max_accuracy_drop_pp: Loss of accuracy allowed for an int8 file, percentage
            points.

    Returns:
        Markdown with YAML front matter.
    """
    architecture = choice.architecture
    height, width, depth = architecture.input_shape
    return _CARD.format(
        model_license=model_license,
        name=choice.name or architecture.describe(),
        height=height,
        width=width,
        depth=depth,
        channels="one channel" if depth == 1 else f"{depth} channels",
        n_classes=architecture.n_classes,
        classes=", ".join(f"`{name}`" for name in class_names),
        network=architecture.describe(),
        sentence=choice.sentence or "It was not compared with other networks.",
        measured=_measured(choice),
        tested=_TESTED_BY_HAND if choice.rule == "by_hand" else _TESTED,
        usage="".join(_usage(exporter) for exporter in exporters),
        parity=_parity_table(parity, max_accuracy_drop_pp),
        latency=_latency_table(latency),
    )


def _measured(choice: Choice) -> str:
    """Return a sentence on the accuracy measured before the test."""
    mean, low, high = choice.cv_mean, choice.ci_low, choice.ci_high
    if mean is None:
        return "No cross-validated accuracy is known."
    interval = (
        "" if low is None or high is None else f" (95 %: {low:.3f} to {high:.3f})"
    )
    score = title_of(choice.objective, choice.recall_floors)
    if choice.plan.scored_on == "validation":
        return (
            f"After {choice.plan.epochs} epochs of the search, on validation images: "
            f"{score} {mean:.3f}{interval}."
        )
    return f"Cross-validated {score}: {mean:.3f}{interval}."


def _usage(exporter: Exporter) -> str:
    """Return the program of a format, with the purpose of the format if stated."""
    traits = traits_of(exporter)
    purpose = f"\n`{exporter.file_name}`: {traits.purpose}.\n" if traits.purpose else ""
    return f"{purpose}\n```python\n{exporter.snippet()}```\n"


def _parity_table(
    parity: Mapping[str, FormatParity], max_accuracy_drop_pp: float
) -> str:
    lines = [
        (
            "| format | images compared | largest difference | equal decisions "
            "| accuracy lost, pp | limit | bytes |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in parity.items():
        lost = "" if row.accuracy_drop_pp is None else f"{row.accuracy_drop_pp:.2f}"
        limit = (
            f"{max_accuracy_drop_pp:g} pp"
            if row.tolerance is None
            else f"{row.tolerance:g}"
        )
        lines.append(
            f"| {name} | {row.n_images} | {row.max_difference:.1e} "
            f"| {percent(row.equal_decisions)} | {lost} | {limit} | {row.bytes} |"
        )
    return "\n".join(lines)


def _latency_table(latency: ExportLatency) -> str:
    """Return the section on latency, empty where no file was timed."""
    if not latency.formats:
        return ""
    cores = "" if latency.cores is None else f", {latency.cores} cores"
    machine = f"{latency.processor or 'this machine'}{cores}"
    lines = [
        "",
        "## Latency",
        "",
        f"Milliseconds for one image on {machine}, of the least disturbed round.",
        "Other devices differ: measure there.",
        "",
        "| format | threads | median | 90th percentile | 99th percentile |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in latency.formats.items():
        lines += [
            f"| {name} | {one.threads} | {one.median_ms:.3g} | {one.p90_ms:.3g} "
            f"| {one.p99_ms:.3g} |"
            for one in (row.one_thread, row.all_threads)
        ]
    return "\n".join(lines) + "\n"
