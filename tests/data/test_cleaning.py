"""Which decoded images stay, and why the others do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kedro_nas.data.cleaning import Cleaned, clean
from kedro_nas.data.ingest import Ingested
from kedro_nas.data.layout import Layout
from kedro_nas.data.rows import Rows
from kedro_nas.data.sources import Columns, as_source
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions

N = 10


@pytest.fixture
def cleaned(tmp_path: Path) -> Callable[..., Cleaned]:
    """Return a judge of ten images; columns replace those of table and records."""

    def judge(
        options: dict[str, Any] | None = None,
        set_aside: int = 0,
        **columns: Any,
    ) -> Cleaned:
        pixels = np.random.default_rng(0).integers(0, 256, (N, 4, 4, 1), np.uint8)
        np.save(tmp_path / "pixels.npy", pixels)
        table = pd.DataFrame(
            {
                "row": np.arange(N),
                "label": columns.get("label", np.arange(N) % 2),
                "split": columns.get("split", ""),
                "group": None,
                "group_id": columns.get("group_id", np.zeros(N, np.uint64)),
                "source": [f"row {number}" for number in range(N)],
            }
        )
        records = pd.DataFrame(
            {
                "image_id": columns.get("image_id", ids()),
                "bad": columns.get("bad", [""] * N),
                "mean": 100.0,
                "std": 20.0,
                "phash": np.arange(N, dtype=np.uint64) * np.uint64(0x1111111111111),
            }
        )
        left_out = pd.DataFrame(
            {"source": [f"x{n}" for n in range(set_aside)], "reason": "no label"}
        )
        rows = Rows(table, ["a", "b"], left_out, "split" in columns)
        ingested = Ingested(
            tmp_path / "pixels.npy", records, Layout(4, 4, 1, "pad", 255)
        )
        given = {"near_duplicates": False, "max_bad_fraction": 0.5, **(options or {})}
        source = as_source((pixels, np.arange(N) % 2), Columns())
        return clean(rows, ingested, source, DataPreparationOptions(**given))

    return judge


def ids(*copies: int) -> list[str]:
    """Return identities of ten images, of which some are copies of the first."""
    return [f"{1 if n in copies else n + 1:016x}{0:016x}" for n in range(N)]


def test_clean_of_sound_images_keeps_all(cleaned) -> None:
    """Nothing is set aside, and there is nothing to warn of."""
    found = cleaned()

    assert found.keep.all()
    assert found.set_aside.empty
    assert found.warnings == []
    assert len(set(found.table["unit"])) == N


def test_clean_sets_aside_what_could_not_be_decoded(cleaned) -> None:
    """Reasons are counted without what differs from image to image."""
    bad = ["", "oversized: 9x9 pixels", "oversized: 8x9 pixels", *[""] * 7]
    found = cleaned(bad=bad, set_aside=1)
    summary = found.summary()

    assert found.keep.tolist() == [not reason for reason in bad]
    assert summary.n == 3
    assert summary.reasons == {"oversized": 2, "no label": 1}
    assert [one.source for one in summary.examples] == ["row 1", "row 2", "x0"]
    assert "cannot be used: 3 images." in found.warnings[0]


def test_clean_of_too_many_bad_images_is_an_error(cleaned) -> None:
    """A quarter of broken files is a fault of the source, not of some images."""
    bad = ["empty file"] * 3 + [""] * 7

    with pytest.raises(DataError, match=r"3 of 10: 3 x empty file.*max_bad_fraction"):
        cleaned({"max_bad_fraction": 0.25}, bad=bad)


def test_clean_of_missing_files_names_a_few_of_each_reason_and_what_to_correct(
    cleaned: Callable[..., Cleaned],
) -> None:
    """A reason is said once, however many images it holds for."""
    missing = "unreadable file: No such file or directory"
    bad = [missing] * 4 + ["oversized: 9x9 pixels", *[""] * 5]

    with pytest.raises(DataError) as raised:
        cleaned({"max_bad_fraction": 0.25}, bad=bad)
    said, _, listed = raised.value.received.partition("; all are in ")
    assert said == (
        f"5 of 10: 4 x {missing} (row 0, row 1, row 2, ...); "
        "1 x oversized (row 4 9x9 pixels)"
    )
    assert pd.read_csv(listed)["reason"].tolist() == bad[:5]
    assert "paths, which start from the folder of their table" in raised.value.remedy


def test_clean_drops_one_image_under_several_labels(cleaned) -> None:
    """Nobody knows which of the labels is right."""
    found = cleaned(image_id=ids(0, 1))

    assert found.keep.tolist() == [False, False, *[True] * 8]
    assert found.leaks.conflicting_labels == 2
    assert set(found.set_aside["reason"]) == {"one image under several labels"}


def test_clean_keeps_copies_of_one_label_together(cleaned) -> None:
    """They have one unit, so no split can part them."""
    found = cleaned(image_id=ids(0, 2, 4))
    units = found.table["unit"]

    assert found.keep.all()
    assert found.leaks.exact_copies == 2
    assert units[0] == units[2] == units[4] != units[6]


SPLIT = ["train"] * 6 + ["test"] * 4


@pytest.mark.parametrize(
    ("on_leak", "kept", "removed", "word"),
    [("remove", [False, True], 1, "removed"), ("warn", [True, True], 0, "kept")],
)
def test_clean_of_a_training_copy_of_a_test_image(
    cleaned, on_leak: str, kept: list[bool], removed: int, word: str
) -> None:
    """The copy in training goes, or stays with a warning; the test is never cut."""
    found = cleaned({"on_leak": on_leak}, image_id=ids(0, 6), split=SPLIT)

    assert found.keep[[0, 6]].tolist() == kept
    assert (found.leaks.across_splits, found.leaks.removed) == (1, removed)
    assert any(word in sentence for sentence in found.warnings)


def test_clean_of_a_leak_while_on_leak_is_stop_names_both(cleaned) -> None:
    """The error shows the pair to look at."""
    with pytest.raises(DataError, match=r"row 0 and row 6 \(exact copy\)"):
        cleaned({"on_leak": "stop"}, image_id=ids(0, 6), split=SPLIT)


def test_clean_of_a_group_across_given_splits_is_a_leak(cleaned) -> None:
    """Two pictures of one patient must not be in training and test."""
    groups = np.zeros(N, np.uint64)
    groups[[0, 7]] = 5
    found = cleaned({"on_leak": "remove"}, group_id=groups, split=SPLIT)

    assert found.keep.tolist() == [False, *[True] * 9]
    assert found.set_aside["reason"].tolist() == ["same group as a held-out image"]
