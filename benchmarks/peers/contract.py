"""What every adapter shares: its command line, the images, its journal, its result.

    python benchmarks/peers/<adapter>.py --data FILE --seconds N --seed S --out JSON

An adapter runs in the environment of its peer, so this module needs only NumPy, pandas
and Pillow. The seconds count from here to the end of all training, so the imports of
the peer are part of them; scoring the test rows comes after.

FILE is a Parquet table: `image` (encoded bytes), `label`, and `split` with `test` for
the rows that are scored once at the end; all others are for search and training.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

BEGAN = time.monotonic()
VALIDATION_SHARE = 0.2  # of what is not test, as the peers' documentation takes it
LARGEST_SIDE = 224  # pixels, of images that differ in size
BACKGROUND = 255  # around images that are padded to a common size


@dataclass(frozen=True)
class Job:
    """What an adapter is asked for.

    Attributes:
        data: Parquet table of images.
        seconds: Wall seconds for everything but scoring the test rows.
        seed: Of whatever the peer lets be seeded.
        out: JSON file of the result; the journal and a folder for the peer's state lie
            beside it.
        spent: Seconds that an earlier session of this job took before it was killed.
        method: Which of several methods of the adapter, or empty.
    """

    data: Path
    seconds: float
    seed: int
    out: Path
    spent: float = 0.0
    method: str = ""

    @property
    def elapsed(self) -> float:
        """Seconds since the job began, all sessions."""
        return self.spent + time.monotonic() - BEGAN

    @property
    def left(self) -> float:
        """Seconds until the end of the budget."""
        return self.seconds - self.elapsed

    @property
    def folder(self) -> Path:
        """Folder for the peer's own state, kept for a later session."""
        folder = self.out.with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def journal(self) -> Path:
        """File with a JSON line for each epoch and trial."""
        return self.out.with_suffix(".jsonl")


def read_job(methods: tuple[str, ...] = (), words: list[str] | None = None) -> Job:
    """Read the command line of an adapter."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--spent", type=float, default=0.0)
    if methods:
        parser.add_argument("--method", choices=methods, required=True)
    given = vars(parser.parse_args(words))
    given["data"], given["out"] = given["data"].resolve(), given["out"].resolve()
    return Job(**given)


@dataclass
class Images:
    """Decoded images of one size, split into three parts.

    Attributes:
        train: uint8 `(n, height, width, channels)`.
        val: The same; a stratified fifth of what is not test.
        test: The same.
        train_labels: Class ids, int64.
        val_labels: The same.
        test_labels: The same.
        n_classes: Number of classes.
    """

    train: Any
    val: Any
    test: Any
    train_labels: Any
    val_labels: Any
    test_labels: Any
    n_classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return tuple(self.train.shape[1:])

    @property
    def dev(self) -> Any:
        """Return the images of training and validation together."""
        import numpy as np

        return np.concatenate([self.train, self.val])

    @property
    def dev_labels(self) -> Any:
        """Return the labels of training and validation together."""
        import numpy as np

        return np.concatenate([self.train_labels, self.val_labels])


def load_images(job: Job) -> Images:
    """Decode the table of a job; the validation rows are drawn with its seed.

    Raises:
        ValueError: A column is missing, or no row is for test.
    """
    import numpy as np
    import pandas as pd

    table = pd.read_parquet(job.data)
    if missing := {"image", "label", "split"} - set(table.columns):
        raise ValueError(f"{job.data.name} has no column {', '.join(sorted(missing))}")
    pixels = _decode(table["image"])
    names, labels = np.unique(table["label"].astype(str), return_inverse=True)
    is_test = (table["split"] == "test").to_numpy()
    if not is_test.any():
        raise ValueError(f"{job.data.name} has no row whose split is 'test'")
    generator = np.random.default_rng(job.seed)
    order = generator.permutation(np.flatnonzero(~is_test))
    val = np.concatenate(
        [_share(order[labels[order] == one]) for one in range(len(names))]
    )
    val = generator.permutation(val)
    train = order[~np.isin(order, val)]
    return Images(
        train=pixels[train],
        val=pixels[val],
        test=pixels[is_test],
        train_labels=labels[train],
        val_labels=labels[val],
        test_labels=labels[is_test],
        n_classes=len(names),
    )


def _share(rows: Any) -> Any:
    return rows[: max(1, round(VALIDATION_SHARE * len(rows)))]


def _decode(images: Any) -> Any:
    """Decode to one size: the common one, or the median with padding."""
    import numpy as np
    from PIL import Image, ImageOps

    opened = [Image.open(io.BytesIO(one)) for one in images]
    mode = "L" if all(one.mode == "L" for one in opened) else "RGB"
    decoded = [one.convert(mode) for one in opened]
    if len({one.size for one in decoded}) > 1:
        size = np.median([one.size for one in decoded], axis=0)
        size = size * min(1.0, LARGEST_SIDE / size.max())
        fill = (BACKGROUND,) * len(mode) if mode == "RGB" else BACKGROUND
        target = (round(size[0]), round(size[1]))
        decoded = [ImageOps.pad(one, target, color=fill) for one in decoded]
    pixels = np.stack([np.asarray(one, dtype=np.uint8) for one in decoded])
    return pixels[..., None] if mode == "L" else pixels


@dataclass
class Journal:
    """Progress of a job, a JSON line for each event, with the seconds since its start.

    Attributes:
        path: The file; lines are appended.
        job: Gives the seconds.
    """

    path: Path
    job: Job

    def epoch(self, trial: int, epoch: int, val_accuracy: float | None) -> None:
        """Note that an epoch ended."""
        self._write(event="epoch", trial=trial, epoch=epoch, val_accuracy=val_accuracy)

    def trial(self, trial: int) -> None:
        """Note that a trial ended and is saved by the peer."""
        self._write(event="trial", trial=trial)

    def resumed(self, kept_s: float) -> None:
        """Note that this session goes on with the work of the first `kept_s` seconds.

        Args:
            kept_s: Since the start of the job.
        """
        self._write(event="resumed", kept_s=round(kept_s, 2))

    def _write(self, **event: object) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"s": round(self.job.elapsed, 2), **event}) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Return the events so far; the rest of a line cut by a kill is left out."""
        return read_journal(self.path)

    def kept_after(self, n_trials: int) -> float:
        """Return when so many trials had ended, in seconds since the start."""
        ends = [line["s"] for line in self.lines() if line["event"] == "trial"]
        return ends[n_trials - 1] if 0 < n_trials <= len(ends) else 0.0


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the events of a journal; a last line cut by a kill is left out."""
    if not path.exists():
        return []
    whole = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in whole if line.endswith("}")]


@dataclass
class Result:
    """What an adapter reports.

    Attributes:
        test_accuracy: Of the delivered model, a fraction.
        n_params: Of the delivered model, all parameters.
        network: The delivered model in a line.
        trials: Trainings begun by the search.
        epochs: Epochs of all trainings, the last one included.
        training_s: Wall seconds in gradient steps, without the first of a training,
            which traces its graph; of workers at the same time, their mean.
        trained_s: When the delivered model was ready, in seconds since the start.
        versions: Of the packages that matter.
        curve: Seconds and validation accuracy; filled by an adapter whose journal has
            no epochs.
    """

    test_accuracy: float
    n_params: int
    network: str
    trials: int
    epochs: int
    training_s: float
    trained_s: float
    versions: dict[str, str]
    curve: list[tuple[float, float]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the result as JSON; a reader never sees half of it."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), indent=1) + "\n")
        part.replace(path)


def versions_of(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages."""
    return {name: metadata.version(name) for name in packages}


def accuracy(probabilities: Any, labels: Any) -> float:
    """Return the share of rows whose largest probability is at the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())
