"""What full integers cost the winner of a search on the Fashion-MNIST sample.

    python benchmarks/int8_accuracy.py            # some five minutes
    python benchmarks/int8_accuracy.py --quick    # a network of one epoch, a minute

Searches on the sample in data/01_raw, trains the winner finally, and exports it as
LiteRT in float32 and in integers, by the code of the stages, its checks included; the
range of each layer is from the 200 images that the export takes, none of the test
split. Then both files classify all test images, each in a fresh process. The searches
and trainings are bounded in epochs, not in seconds, so that a busy machine finds the
same.

The figure is the accuracy lost in percentage points on the test images, with the
standard error of the paired difference; ends with status 1 above 1 point.
The full run writes `int8_accuracy.json` among the results.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from measurement.conclusion import RESULTS, conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.export.export import export_model
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.export.formats import find_exporters
from kedro_nas.export.fresh_process import predict_in_fresh_processes
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.search.search import search_architectures

IMAGES = Path(__file__).parents[1] / "data" / "01_raw" / "fashion_mnist_12k.parquet"
SEED = 0
BAR_PP = 1.0
FLOAT, INTEGERS = "litert", "litert_int8"
JOB = JobOptions(workers=2, baseline="none")


def measure(*, trials: int, epochs: int, final_epochs: int) -> dict[str, Any]:
    """Search, train, export, and compare on the test images."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch)
        store, profile = prepare_images(
            IMAGES, DataPreparationOptions(), seed=SEED, workspace=workspace
        )
        options = SearchSpaceOptions(preset="cpu")
        space = build_search_space(options, profile.facts, {}, seed=SEED)
        search = SearchOptions(
            finalists=2, max_trials=trials, max_epochs=epochs, factor=2
        )
        _, found = search_architectures(
            store, space, profile, workspace, search, JOB, budget_s=None, seed=SEED
        )
        ranking = RankingOptions(budget_s=None, folds=2, repeats=1, epochs=epochs)
        _, _, choice = rank_finalists(
            store, profile, found, workspace, ranking, JOB, SEED
        )
        export = ExportOptions(
            budget_s=None, epochs=final_epochs, formats=(FLOAT, INTEGERS)
        )
        fitted = fit_final_models(store, profile, choice, workspace, export, JOB, SEED)
        folder = export_model(fitted.winner, choice, store, export)
        rows = store.test_rows()
        labels = np.asarray(store.labels[rows])
        shares = predict_in_fresh_processes(
            find_exporters(export.formats), folder, np.asarray(store.pixels[rows])
        )
        size = {name: (folder / file).stat().st_size for name, file in FILES.items()}
    right = {name: found.argmax(-1) == labels for name, found in shares.items()}
    lost = right[FLOAT].astype(float) - right[INTEGERS]
    return {
        "network": choice.name,
        "final_epochs": final_epochs,
        "test_images": len(rows),
        "accuracy": {name: float(found.mean()) for name, found in right.items()},
        "bytes": size,
        "lost_pp": 100 * float(lost.mean()),
        "standard_error_pp": 100 * float(lost.std(ddof=1) / np.sqrt(len(lost))),
        "equal_decisions": float(
            (shares[FLOAT].argmax(-1) == shares[INTEGERS].argmax(-1)).mean()
        ),
        "bar_pp": BAR_PP,
    }


FILES = {each.name: each.file_name for each in find_exporters((FLOAT, INTEGERS))}


def main() -> int:
    """Measure, write, and judge."""
    quick = new_parser(__doc__).parse_args().quick
    if quick:
        found = measure(trials=1, epochs=1, final_epochs=1)
    else:
        found = measure(trials=4, epochs=4, final_epochs=8)
        write_result(
            RESULTS / "int8_accuracy.json",
            found,
            seeds=[SEED],
            packages=["tensorflow", "ai-edge-litert"],
        )
    return conclude(
        f"int8_accuracy: {found['network']}: {found['lost_pp']:+.2f} points lost "
        f"(standard error {found['standard_error_pp']:.2f}) of "
        f"{found['accuracy'][FLOAT]:.1%} on {found['test_images']:,} test images, at "
        f"most {BAR_PP:g}",
        passed=found["lost_pp"] <= BAR_PP,
    )


if __name__ == "__main__":
    sys.exit(main())
