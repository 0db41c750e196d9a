"""A made-up job: what all stages left behind, without running any."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from kedro_nas.export import scores as test_split
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.choose import rank_contestants
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.records.export import TestMetrics
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import CrossValidationSummary
from kedro_nas.records.search import SearchResult
from kedro_nas.search.finalists import choose_finalists
from kedro_nas.space.architecture import Architecture, Head, Recipe, Stage, Stem
from kedro_nas.space.search_space import SearchSpace

RUNGS = ((0, 0, 1), (1, 1, 3), (2, 3, 9))
FASHION = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def build_results(
    *,
    class_names: tuple[str, ...] = FASHION,
    n_networks: int = 36,
    n_rungs: int = 3,
    n_finalists: int = 3,
    with_baseline: bool = True,
    accuracy: float = 0.905,
    n_test: int = 1500,
    seed: int = 0,
) -> JobResults:
    """Build the inputs of `write_report`, the same for the same arguments."""
    rng = np.random.default_rng(seed)
    shape = (28, 28, 1)
    networks = [
        draw_architecture(rng, shape, len(class_names)) for _ in range(n_networks)
    ]
    trials = build_trials(rng, networks, n_rungs, accuracy)
    finalists = build_finalists(trials, n_finalists, with_baseline, shape, class_names)
    fold_scores = build_fold_scores(rng, finalists.finalists, accuracy)
    table = FoldTable.read(fold_scores, finalists.finalists, "accuracy")
    ranked = rank_contestants(table, RankingOptions(), objective="accuracy")
    best = ranked.choice.model_copy(
        update={
            "full_epochs": 8,
            "seconds": float(fold_scores["seconds"].sum() / 2 + 1.5),
            "plan": CrossValidationSummary(finalists=3, folds=5, repeats=1, epochs=8),
        }
    )
    profile = build_profile(rng, shape, class_names)
    space = build_search_space(networks, shape, len(class_names))
    metrics = build_test_metrics(rng, class_names, accuracy, n_test, with_baseline)
    return JobResults(
        dataset_profile=DatasetProfile.read(profile),
        search_space=SearchSpace.from_dict(space),
        trials=trials,
        finalists=finalists,
        fold_scores=fold_scores,
        ranking=ranked.table,
        best_architecture=best,
        test_metrics=metrics,
    )


def draw_architecture(rng, shape, n_classes) -> Architecture:
    blocks = ["conv", "separable", "residual"]
    widths = sorted(rng.choice([16, 24, 32, 48, 64, 96, 128], 3).tolist())
    return Architecture(
        input_shape=shape,
        n_classes=n_classes,
        stem=Stem(width=int(rng.choice([16, 24, 32])), kernel_size=3, stride=2),
        stages=tuple(
            Stage(
                block=str(rng.choice(blocks)),
                depth=int(rng.integers(1, 4)),
                width=width,
                kernel_size=int(rng.choice([3, 5])),
                stride=1 if number == 0 else 2,
                attention=str(rng.choice(["none", "se"])),
            )
            for number, width in enumerate(widths[: int(rng.integers(2, 4))])
        ),
        head=Head(dropout=float(rng.choice([0.0, 0.2, 0.4]))),
        recipe=Recipe(
            learning_rate=float(np.exp(rng.uniform(np.log(3e-4), np.log(1e-2)))),
            augmentation=str(rng.choice(["none", "light", "strong"])),
        ),
    )


def count(architecture: Architecture) -> tuple[int, int, int]:
    """Return roughly (params, macs, depth): only their order matters here."""
    channels, side = architecture.stem.width, 14
    params, macs, depth = 9 * channels, 9 * channels * side**2, 1
    for stage in architecture.stages:
        for index in range(stage.depth):
            side = -(-side // stage.stride) if index == 0 else side
            per_place = stage.width * channels
            if stage.block != "separable":
                per_place *= stage.kernel_size**2
            params, macs = params + per_place, macs + per_place * side**2
            channels, depth = (
                stage.width,
                depth + (2 if stage.block == "residual" else 1),
            )
    classes = channels * architecture.n_classes
    return params + classes, macs + classes, depth + 1


def build_trials(rng, networks, n_rungs, accuracy) -> pd.DataFrame:
    quality = {}
    for one in networks:
        params, _, _ = count(one)
        rate = abs(np.log(one.recipe.learning_rate / 2e-3))
        residual = sum(stage.block == "residual" for stage in one.stages)
        quality[one.key] = accuracy - 0.05 + 0.012 * np.log10(params) * residual**0.5
        quality[one.key] += -0.015 * rate**2 + rng.normal(0, 0.003)
    best = max(quality.values())
    rows, clock, alive, number = [], 0.0, list(networks), 0
    parents: dict[str, str] = {}
    for rung, start, end in RUNGS[:n_rungs]:
        for one in alive:
            row = trial_row(
                rng, one, rung, start, end, quality[one.key] - best + accuracy
            )
            row |= {"trial_id": f"{number:04d}", "parent_id": parents.get(one.key)}
            row |= {"started_s": clock, "ended_s": clock + row["seconds"] / 2}
            row |= {"worker": number % 2}
            parents[one.key], number = row["trial_id"], number + 1
            clock += row["seconds"] / 2
            rows.append(row)
        done = [
            row for row in rows if row["rung"] == rung and row["status"] != "failed"
        ]
        done.sort(key=lambda row: -row["score"])
        keep = {row["key"] for row in done[: max(1, len(done) // 3)]}
        alive = [one for one in alive if one.key in keep]
    return pd.DataFrame(rows)


def trial_row(rng, one: Architecture, rung, start, end, level) -> dict[str, Any]:
    params, macs, depth = count(one)
    epochs = np.arange(start + 1, end + 1)
    curve = np.clip(level - 0.25 * np.exp(-epochs / 2.2), 0.02, 1)
    curve = np.clip(curve + rng.normal(0, 0.004, len(epochs)), 0, 1)
    failed = rung == 0 and int(one.key, 16) % 17 == 0
    train = 0.5 * len(epochs) * (1 + macs / 4e6)
    return {
        "key": one.key, "network_key": one.network_key, "name": one.describe(),
        "family": " ".join(stage.block for stage in one.stages),
        "iteration": 0, "bracket": 2, "rung": rung, "epoch_start": start, "epochs": end,
        "rung_epochs": end,
        "status": "failed" if failed else "completed",
        "reason": "the loss became NaN in epoch 1" if failed else None,
        "score": np.nan if failed else float(curve[-3:].mean()),
        "val_images": None if failed else 2400,
        "val_accuracy": np.nan if failed else float(curve[-1]),
        "val_balanced_accuracy": np.nan if failed else float(curve[-1]),
        "val_loss": float(1.2 * (1 - curve[-1])), "train_loss": float(1 - curve[-1]),
        "val_accuracy_by_epoch": [] if failed else curve.tolist(),
        "val_balanced_accuracy_by_epoch": [] if failed else (curve - 0.1).tolist(),
        "val_loss_by_epoch": [] if failed else (1.2 * (1 - curve)).tolist(),
        "train_loss_by_epoch": [] if failed else (1 - curve).tolist(),
        "best_epoch": int(epochs[curve.argmax()]),
        "params": params, "macs": macs, "depth": depth,
        "learning_rate": one.recipe.learning_rate,
        "seconds": train + 0.9, "seconds_build": 0.5, "seconds_train": train,
        "seconds_validate": 0.3, "seconds_checkpoint": 0.05, "seconds_wait": 0.05,
        "architecture": one.model_dump_json(),
    }  # fmt: skip


def build_finalists(trials, n, with_baseline, shape, class_names) -> SearchResult:
    ids = choose_finalists(trials, n=n)
    finalists = []
    for _, row in trials.set_index("trial_id").loc[ids].iterrows():
        one = Architecture.model_validate_json(row["architecture"])
        finalists.append(contestant(one, score=row["score"], epochs=int(row["epochs"])))
    if with_baseline:
        stages = [
            Stage(block="residual", depth=2, width=width, kernel_size=3, stride=stride)
            for width, stride in ((32, 1), (64, 2), (128, 2))
        ]
        stem = Stem(width=32, kernel_size=3, stride=1)
        baseline = Architecture(
            input_shape=shape,
            n_classes=len(class_names),
            stem=stem,
            stages=tuple(stages),
        )
        finalists.append(contestant(baseline, is_baseline=True))
    ended = trials["ended_s"].max() if len(trials) else 0.0
    scores = trials[trials["status"] == "completed"].sort_values("ended_s")
    climbing = scores[scores["score"] > scores["score"].cummax().shift(fill_value=-1)]
    return SearchResult.read({
        "finalists": finalists,
        "search": {
            "n_trials": len(trials), "n_architectures": trials["key"].nunique(),
            "n_failed": int((trials["status"] == "failed").sum()), "n_stopped": 0,
            "epochs_trained": int((trials["epochs"] - trials["epoch_start"]).sum()),
            "seconds": float(ended) + 6, "seconds_full_training": 60.0, "budget_s": 240,
            "ended_by": "budget", "workers": 2, "max_epochs": 9,
            "acceptance": {"drawn": 1000, "accepted": 830},
            "seconds_by_kind": {"train": 60.0},
            "rank_correlation": [
                {"iteration": 0, "bracket": 2, "rung": 1, "kendall_tau": 0.35, "n": 11},
                {"iteration": 0, "bracket": 2, "rung": 2, "kendall_tau": 0.62, "n": 3},
            ],
            "incumbent": [
                {"seconds": row.ended_s, "epochs": int(row.epochs), "score": row.score,
                 "key": row.key} for row in climbing.itertuples()
            ],
            "seed": 0,
            "environment": {
                "python": "3.11.7", "processor": "a made-up one", "cores": 2,
                "memory_gib": 8.0, "command": "kedro run --pipelines nas",
                "versions": {"kedro-nas": "0.1.0", "keras": "3.15.1", "jax": None},
            },
        },
    })  # fmt: skip


def contestant(one: Architecture, *, score=None, epochs=9, is_baseline=False):
    params, macs, depth = count(one)
    return {
        "name": one.describe(), "key": one.key, "network_key": one.network_key,
        "architecture": one.to_dict(), "score": score, "epochs": epochs,
        "best_epoch": epochs, "trial_id": None if is_baseline else "0001",
        "params": params, "macs": macs, "depth": depth, "is_baseline": is_baseline,
    }  # fmt: skip


def build_fold_scores(rng, contestants, accuracy) -> pd.DataFrame:
    rows, hard = [], rng.normal(0, 0.004, 5)
    for place, one in enumerate(contestants):
        level = accuracy - (0.012 if one.is_baseline else 0.002 * place)
        for fold in range(5):
            score = float(np.clip(level + hard[fold] + rng.normal(0, 0.003), 0, 1))
            rows.append({
                    "key": one.key,
                    "name": one.name,
                    "is_baseline": one.is_baseline,
                    "repeat": 0,
                    "fold": fold,
                    "scored_on": "folds",
                    "status": "completed",
                    "reason": "",
                    "accuracy": score,
                    "balanced_accuracy": score,
                    "macro_f1": score - 0.002,
                    "log_loss": 0.3,
                    "calibration_error": 0.02,
                    "epochs": 8,
                    "n_train": 8000,
                    "n_held_out": 2000,
                    "seconds": 8.0 + place,
                    "seed": fold,
                })  # fmt: skip
    return pd.DataFrame(rows)


def build_profile(rng, shape, class_names) -> dict[str, Any]:
    counts = {
        split: dict.fromkeys(class_names, n)
        for split, n in (("train", 800), ("val", 200), ("test", 200))
    }
    return {
        "n_images": 1200 * len(class_names), "image_shape": list(shape),
        "class_names": list(class_names), "counts": counts, "imbalance": 1.0,
        "fingerprint": "9f3c1a77b2e04d55",
        "warnings": ["14 images occur twice; both copies were put in the same split."],
        "contact_sheet": {
            name: [draw_picture(rng, index, shape) for _ in range(4)]
            for index, name in enumerate(class_names)
        },
        "seconds": 3.4,
        "set_aside": {"n": 0, "reasons": {}},
        "leaks": {
            "exact_copies": 14, "near_copies": 0, "conflicting_labels": 0,
            "across_splits": 0, "removed": 0,
        },
        "sizes": {"28x28": 12000}, "n_sizes": 1, "modes": {"L": 12000}, "repaired": {},
        "intensity": {
            "mean": 72.0, "std": 80.0, "nearly_black": 0, "nearly_white": 0,
            "of_one_level": 0,
        },
        "verdict": {
            "mode": "normal", "objective": "accuracy", "class_weights": None,
            "n_train": 8000, "n_folds": 5, "n_repeats": 1, "bn_momentum": 0.9,
            "augmentation": "as_searched",
            "max_params_factor": 1.0,
            "reasons": ["10,000 images for training: one validation split suffices."],
        },
    }  # fmt: skip


def draw_pixels(rng, label, shape) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = label * np.pi / 7
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / (2 + label % 5))
    disc = np.hypot(y - shape[0] / 2, x - shape[1] / 2) < shape[0] * rng.uniform(
        0.3, 0.5
    )
    pixels = np.clip((128 + 90 * wave) * disc + rng.normal(0, 12, wave.shape), 0, 255)
    return np.repeat(pixels[..., None], shape[2], axis=2).astype(np.uint8)


def draw_picture(rng, label, shape) -> str:
    file = io.BytesIO()
    Image.fromarray(draw_pixels(rng, label, shape)[:, :, 0]).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def build_search_space(networks, shape, n_classes) -> dict[str, Any]:
    params, macs, depth = min(count(one) for one in networks)
    return {
        "input_shape": list(shape), "n_classes": n_classes, "preset": "cpu",
        "choices": {"block": ["conv", "separable", "residual"], "kernel_size": [3, 5]},
        "bounds": {
            "max_depth": 24, "max_params": 1_000_000, "max_macs": None,
            "max_memory_mb": 512,
            "reasons": ["max_params: 100 parameters per training image"],
        },
        "anchors": [networks[0].to_dict()],
        "acceptance": {
            "drawn": 1000, "accepted": 830, "repaired": 40,
            "rejected": {"max_params": 130},
        },
        "smallest": {
            "architecture": networks[0].to_dict(),
            "params": params, "macs": macs, "depth": depth, "memory_mb": 0.1,
        },
        "seconds": 0.8,
    }  # fmt: skip


def build_test_metrics(rng, class_names, accuracy, n, with_baseline) -> TestMetrics:
    shape = (28, 28, 1)
    labels = rng.integers(0, len(class_names), n)
    report = test_split.test_report(
        labels,
        predict(rng, labels, len(class_names), accuracy),
        list(class_names),
        baseline_probabilities=predict(rng, labels, len(class_names), accuracy - 0.015)
        if with_baseline
        else None,
        pixels=np.stack([draw_pixels(rng, label, shape) for label in labels]),
    )
    baseline = report.baseline
    if baseline is not None:
        baseline = baseline.model_copy(update={"params": 300_000})
    return report.model_copy(
        update={
            "name": "the winner", "reads": 1, "epochs_final_fit": 8,
            "baseline": baseline, "epochs_baseline": 8 * with_baseline,
            "seconds": 4.0, "seconds_final_fit": 31.0, "seconds_export": 9.0,
        }
    )  # fmt: skip


def predict(rng, labels, n_classes, accuracy) -> np.ndarray:
    near = (labels + np.where(rng.random(len(labels)) < 0.7, 2, 1)) % n_classes
    chosen = np.where(rng.random(len(labels)) < accuracy, labels, near)
    scores = rng.gumbel(size=(len(labels), n_classes))
    scores[np.arange(len(labels)), chosen] = scores.max(axis=1) + rng.exponential(
        2.5, len(labels)
    )
    shares = np.exp(scores)
    return shares / shares.sum(axis=1, keepdims=True)
