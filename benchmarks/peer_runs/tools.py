"""The tools that are compared: adapter, environment, and the code a row depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = ROOT / "benchmarks" / "peers"
OURS = "kedro-nas"
_KERAS = ("contract.py", "keras_clock.py")
_SPACE = (*_KERAS, "our_space.py")
_DIGITS = 10


@dataclass(frozen=True)
class Tool:
    """One contestant.

    Attributes:
        name: In results and on the command line.
        label: In tables.
        adapter: File in `benchmarks/peers`.
        environment: Name of its environment, see `environments`.
        packages: Whose versions are part of a row.
        shared: Files in `benchmarks/peers` that the adapter imports.
        method: Given to the adapter; empty for none.
        needs_source: Whether it imports kedro-nas from this checkout.
    """

    name: str
    label: str
    adapter: str
    environment: str
    packages: tuple[str, ...]
    shared: tuple[str, ...]
    method: str = ""
    needs_source: bool = False

    @property
    def code(self) -> str:
        """Digest of the code whose change makes a measured row stale.

        For kedro-nas that is all of its source and configuration. The searches over its
        space are measured anew when an adapter changes, not with every change of ours.
        """
        files = [ADAPTERS / name for name in (self.adapter, *self.shared)]
        if self.name == OURS:
            files += [*_files(ROOT / "src" / "kedro_nas"), *_files(ROOT / "conf/base")]
        found = hashlib.sha256()
        for path in files:
            found.update(path.relative_to(ROOT).as_posix().encode())
            found.update(path.read_bytes())
        return found.hexdigest()[:_DIGITS]


def _files(folder: Path) -> Iterator[Path]:
    suffixes = {".py", ".yml", ".html", ".css", ".js"}
    return (path for path in sorted(folder.rglob("*")) if path.suffix in suffixes)


def _kerastuner(method: str, label: str) -> Tool:
    return Tool(
        name=f"kerastuner-{method}" if method != "random" else "random",
        label=label,
        adapter="kerastuner_our_space.py",
        environment="our_space",
        packages=("keras-tuner", "keras", "tensorflow"),
        shared=_SPACE,
        method=method,
        needs_source=True,
    )


TOOLS = (
    Tool(
        name=OURS,
        label="kedro-nas",
        adapter="kedro_nas_run.py",
        environment="our_space",
        packages=("kedro-nas", "kedro", "keras", "tensorflow"),
        shared=("contract.py", "linked_project.py"),
        needs_source=True,
    ),
    Tool(
        name="autokeras",
        label="AutoKeras ImageClassifier",
        adapter="autokeras_image_classifier.py",
        environment="autokeras",
        packages=("autokeras", "keras", "keras-tuner", "tensorflow-cpu"),
        shared=_KERAS,
    ),
    Tool(
        name="kerastuner-hyperresnet",
        label="KerasTuner Hyperband, HyperResNet",
        adapter="kerastuner_hyperresnet.py",
        environment="our_space",
        packages=("keras-tuner", "keras", "tensorflow"),
        shared=_KERAS,
    ),
    _kerastuner("hyperband", "KerasTuner Hyperband, our space"),
    _kerastuner("bayesian", "KerasTuner Bayesian, our space"),
    Tool(
        name="optuna",
        label="Optuna TPE and HyperbandPruner, our space",
        adapter="optuna_our_space.py",
        environment="our_space",
        packages=("optuna", "keras", "tensorflow"),
        shared=_SPACE,
        needs_source=True,
    ),
    _kerastuner("random", "Random search, our space"),
)


def find_tool(name: str) -> Tool:
    """Return the tool of a name.

    Raises:
        KeyError: There is none.
    """
    return {tool.name: tool for tool in TOOLS}[name]
