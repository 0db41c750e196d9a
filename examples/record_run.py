"""Keep what a finished run measured, and write it into the pages that show it.

    python examples/record_run.py [environment ...]

Reads the outputs of `kedro run --env ENVIRONMENT` under data/, writes
benchmarks/results/jobs/ENVIRONMENT.json, and fills the tables of docs/how-to/gallery.md
and docs/how-to/budgets.md from all such files. Without an environment only the tables
are written.
"""

import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "jobs"
GALLERY = ROOT / "docs" / "how-to" / "gallery.md"
BUDGETS = ROOT / "docs" / "how-to" / "budgets.md"


def record(environment: str, data: Path = ROOT / "data") -> dict[str, Any]:
    """Return what a run of an environment measured.

    Args:
        environment: Name of the folder under conf/; `base` for none.
        data: Folder of the run's outputs.
    """
    folder = "nas" if environment == "base" else f"nas_{environment}"

    def read(place: str) -> Any:
        return json.loads((data / place.format(folder)).read_text())

    profile = read("03_primary/{}/dataset_profile.json")
    found = read("07_model_output/{}/finalists.json")
    choice = read("07_model_output/{}/best_architecture.json")
    fit = read("07_model_output/{}/final_fit.json")
    test = read("08_reporting/{}/test_metrics.json")
    where = found["search"]["environment"]
    against = choice["against_baseline"] or {}
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "command": where["command"],
        "processor": where["processor"],
        "cores": where["cores"],
        "load_average_at_the_end": round(os.getloadavg()[1], 1),
        "images": profile["n_images"],
        "shape": profile["image_shape"],
        "classes": len(profile["class_names"]),
        "imbalance": round(profile["imbalance"], 1),
        "budget_s": choice["budget"]["budget_s"],
        "seconds": {**choice["budget"]["spent_s"], "final_training": fit["seconds"]},
        "plan": choice["budget"]["plan"]["kind"],
        "full_trainings": choice["budget"]["plan"]["full_trainings"],
        "networks": found["search"]["n_architectures"],
        "network": choice["name"],
        "params": test["params"],
        "epochs": test["epochs_final_fit"],
        "objective": test["objective"],
        "accuracy": test["accuracy"],
        "interval": [test["ci_low"], test["ci_high"]],
        "balanced_accuracy": test["balanced_accuracy"],
        "macro_f1": test["macro_f1"],
        "test_images": test["n_images"],
        "latency_ms": 1000 * test["latency_s_p50"],
        "against_baseline": against.get("sentence", ""),
        "sentence": choice["sentence"],
    }


def table_of(run: dict[str, Any]) -> str:
    """Return the table of one run."""
    low, high = run["interval"]
    height, width, channels = run["shape"]
    seconds = run["seconds"].items()
    spent = "; ".join(f"{stage.replace('_', ' ')} {s:.0f} s" for stage, s in seconds)
    rows = {
        "images": f"{run['images']:,} of {height} x {width} x {channels},"
        f" {run['classes']} classes, the largest {run['imbalance']} times the smallest",
        "machine": f"{run['cores']} cores ({run['processor']}), {run['date']},"
        f" load {run['load_average_at_the_end']} at the end",
        "time": f"{run['budget_s']:.0f} s: {spent}",
        "plan": f"{run['plan']}, {run['full_trainings']:.1f} full trainings,"
        f" {run['networks']} networks",
        "network": f"{run['network']}: {run['params']:,} parameters,"
        f" {run['epochs']} epochs, one image in {run['latency_ms']:.1f} ms",
        "test accuracy": f"{run['accuracy']:.3f} (95 %: {low:.3f} to {high:.3f}),"
        f" {run['test_images']:,} images; balanced {run['balanced_accuracy']:.3f},"
        f" macro F1 {run['macro_f1']:.3f}",
        "baseline": run["against_baseline"] or "none",
    }
    lines = ["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]
    return "\n".join(lines) + "\n"


def row_of(name: str, run: dict[str, Any]) -> str:
    """Return the row of one run in the table of budgets."""
    low, high = run["interval"]
    height, width, _ = run["shape"]
    return (
        f"| {name} | {run['images']:,} of {height} x {width}, {run['classes']} |"
        f" {run['budget_s'] / 60:.0f} | {run['cores']} cores |"
        f" {run['full_trainings']:.1f}, {run['plan']} |"
        f" {run['accuracy']:.3f} ({low:.3f} to {high:.3f}) |\n"
    )


def filled(text: str, mark: str, content: str) -> str:
    """Return a page with what stands between two marks replaced."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    head, found, rest = text.partition(begin)
    if not found:
        return text
    return head + begin + content + end + rest.partition(end)[2]


def main(environments: list[str]) -> None:
    """Record runs, and write the tables."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in environments:
        text = json.dumps(record(name), indent=2, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(text + "\n")
    runs = {one.stem: json.loads(one.read_text()) for one in RESULTS.glob("*.json")}
    page = GALLERY.read_text()
    for name, run in sorted(runs.items()):
        page = filled(page, f"run {name}", table_of(run))
    GALLERY.write_text(page)
    rows = "".join(row_of(name, run) for name, run in sorted(runs.items()))
    BUDGETS.write_text(filled(BUDGETS.read_text(), "runs", rows))


if __name__ == "__main__":
    main(sys.argv[1:])
