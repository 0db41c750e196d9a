"""Pages of docs/how-to, followed to the letter in a fresh project."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.host_project.conftest import Host, draw_images

pytestmark = pytest.mark.slow

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# a first line that says where a block goes
PLACE = re.compile(r"# (?P<path>[\w<>/.]+)(?P<how>, before its return|, at its end)?\n")
# searches of a page are cut short, and nothing else of it is changed
SMALL = (
    "search_space.preset=tiny,job.workers=1,job.baseline=none,budget_s=null,search.max_trials=2,"
    "search.max_epochs=1,search.min_steps=1,search.finalists=1,ranking.folds=2,"
    "ranking.repeats=1,ranking.epochs=1,export.epochs=1"
)


def _follow(page: str, host: Host, *searches: str) -> Iterator[tuple[str, str]]:
    """Do what a page says, block by block.

    Args:
        page: Its name.
        host: The project.
        searches: Namespaces whose searches are cut short.

    Yields:
        Each command and what it printed.
    """
    for language, text in FENCE.findall((HOW_TO / page).read_text()):
        if language in {"python", "yaml"}:
            _put(host, text)
        for line in text.splitlines() if language == "sh" else []:
            words = shlex.split(line, comments=True)
            assert words[0] == "kedro"
            if words[1] == "run":
                small = [f"{name}.{o}" for name in searches for o in SMALL.split(",")]
                words += ["--params", ",".join(small)]
            done = host.kedro(*words[1:])
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            if words[1:3] == ["nas", "init"]:
                _export_one_format(host)
            yield line, done.stdout


def _export_one_format(host: Host) -> None:
    """Leave out the second format, which `--params` cannot as it is a list."""
    for path in (host.root / "conf" / "base").glob("parameters_*_nas.yml"):
        text = path.read_text()
        path.write_text(text.replace("[keras, saved_model]", "[keras]"))


def _put(host: Host, text: str) -> None:
    place = PLACE.match(text)
    assert place is not None, f"a block that does not say where it goes: {text}"
    path = place["path"].replace("<package>", "host")
    there = (host.root / path).read_text() if (host.root / path).exists() else ""
    if place["how"] == ", before its return":
        begin, found, end = there.rpartition("    return ")
        indented = "".join(f"    {line}" for line in text.splitlines(keepends=True))
        text = f"{begin}{indented}{found}{end}"
    elif place["how"] or path.endswith(".yml"):
        text = f"{there}\n{text}"
    host.write(path, text)


def test_team_pipeline_as_the_page_has_it_runs_to_its_end(host: Host) -> None:
    """A team's nodes around a search, a second search, shared options: as written."""
    draw_images(host.root / "data/01_raw/scratches", per_class=12)
    draw_images(host.root / "drawn")
    files = sorted((host.root / "drawn").rglob("*.png"))
    frame = pd.DataFrame(
        {
            "image": [path.read_bytes() for path in files],
            "label": [path.parent.name for path in files],
        }
    )
    frame.loc[::12, "label"] = np.nan
    frame.to_parquet(host.root / "data/01_raw/camera.parquet")
    frame[["image"]].head(7).to_parquet(host.root / "data/01_raw/backlog.parquet")
    page = _follow("team-pipeline.md", host, "defects.nas", "scratches.nas")
    said = dict(page)
    labels = pd.read_parquet(host.root / "data/07_model_output/labels.parquet")
    catalog = (host.root / "conf/base/catalog_defects_nas.yml").read_text()
    profile = json.loads(
        (host.root / "data/03_primary/defects/nas/dataset_profile.json").read_text()
    )

    assert set(labels["label"]) <= {"bars", "boxes", "dots"}
    assert profile["n_images"] == frame["label"].notna().sum()
    assert "\nclassifier:" in catalog
    assert "cleaned_images:" not in catalog
    assert not (host.package / "pipelines" / "defects_nas").exists()
    assert len(said) == 8
    listed = host.kedro("registry", "describe", "__default__")
    assert "nas" not in listed.stdout.replace("Name of", "")
    shared = host.kedro("nas", "init", "--update", "--namespace", "scratches.nas")
    assert "nothing to add" in shared.stdout
    for name, n_images in (("defects", profile["n_images"]), ("scratches", 36)):
        data = host.root / "data"
        best = data / f"07_model_output/{name}/nas/best_architecture.json"
        tested = data / f"08_reporting/{name}/nas/test_metrics.json"
        n_tested = json.loads(tested.read_text())["n_images"]
        assert n_tested == pytest.approx(n_images // 5, abs=2)
        assert (
            json.loads(best.read_text())["name"]
            in said["kedro nas compare defects.nas scratches.nas"]
        )
        assert (data / f"08_reporting/{name}/nas/report.html").exists()
