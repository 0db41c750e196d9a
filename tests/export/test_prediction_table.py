"""`kedro_nas.export.prediction_table`: rows written a part at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from kedro_nas.export.prediction_table import PredictionTable, write_copy


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write three rows in two parts."""
    path = tmp_path / "table.parquet"
    with PredictionTable(path, ["cat", "dog"], ["a", "b", "c"]) as made:
        made.add(np.array([[0.25, 0.75]], np.float32), ["", "empty file"])
        made.add(np.array([[0.5, 0.5]], np.float32), [""])
        assert made.n_by_class == [1, 1]
        assert made.n_by_fault == {"empty file": 1}
    return path


def test_table_of_parts_is_whole(table: Path) -> None:
    """Rows are numbered on; a tie is the first class, as in the test."""
    found = pq.read_table(table).to_pydict()

    assert list(found) == [
        *("row", "file", "class", "probability"),
        *("probability_cat", "probability_dog", "fault"),
    ]
    assert found["row"] == [0, 1, 2]
    assert found["file"] == ["a", "b", "c"]
    assert found["class"] == ["dog", None, "cat"]
    assert found["probability_dog"] == [0.75, None, 0.5]


@pytest.mark.parametrize("name", ["copy.parquet", "deep/copy.csv"])
def test_write_copy_holds_the_same_rows(table: Path, tmp_path: Path, name: str) -> None:
    """A spreadsheet reads the CSV; empty cells stand for what is not known."""
    output = tmp_path / name
    write_copy(table, output)
    found = pd.read_csv(output) if name.endswith("csv") else pd.read_parquet(output)

    pd.testing.assert_frame_equal(
        found, pd.read_parquet(table), check_dtype=False, check_exact=False
    )


def test_table_of_images_that_all_have_faults_names_each(tmp_path: Path) -> None:
    """A folder of broken files is a table of reasons, not an error."""
    path = tmp_path / "table.parquet"
    with PredictionTable(path, ["cat", "dog"], ["a", "b"]) as made:
        made.add(np.zeros((0, 2), np.float32), ["missing", "missing"])
    found = pq.read_table(path).to_pydict()

    assert made.n_by_fault == {"missing": 2}
    assert made.n_by_class == [0, 0]
    assert found["class"] == found["probability"] == [None, None]
    assert found["probability_dog"] == [None, None]
    assert found["fault"] == ["missing", "missing"]


def test_table_without_images_has_its_columns(tmp_path: Path) -> None:
    """An empty folder is told by an empty table, which others can read."""
    path = tmp_path / "table.parquet"
    with PredictionTable(path, ["cat"], []):
        pass

    assert pd.read_parquet(path).empty
    assert "probability_cat" in pd.read_parquet(path)


@pytest.mark.parametrize("part", [1, 2, 7, 20])
def test_table_is_the_same_however_it_is_cut_into_parts(
    tmp_path: Path, part: int
) -> None:
    """Rows, gaps and counts do not depend on how many images are read at once."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([1, 1, 1], 20).astype(np.float32)
    faults = ["" if number % 3 else "bad" for number in range(20)]
    names = [f"{number}.png" for number in range(20)]
    with PredictionTable(tmp_path / "t", ["a", "b", "c"], names) as made:
        for start in range(0, 20, part):
            some = faults[start : start + part]
            usable = [start + i for i, fault in enumerate(some) if not fault]
            made.add(shares[usable], some)
    found = pd.read_parquet(tmp_path / "t")
    good = found[found["fault"].isna()]

    assert found["row"].tolist() == list(range(20))
    assert found["file"].tolist() == names
    assert sum(made.n_by_class) == len(good) == 13
    assert np.allclose(good["probability"], shares[good["row"]].max(axis=1))
    assert list(good["class"]) == [
        "abc"[one] for one in shares[good["row"]].argmax(axis=1)
    ]
    assert found.loc[found["fault"].notna(), "probability_a"].isna().all()


def test_table_given_more_faults_than_shares_is_an_error(tmp_path: Path) -> None:
    """A row is never filled with the probabilities of another image."""
    with (
        PredictionTable(tmp_path / "t", ["a", "b"], ["1", "2"]) as made,
        pytest.raises(ValueError, match="shape mismatch"),
    ):
        made.add(np.full((3, 2), 0.5, np.float32), ["", ""])


def test_write_copy_replaces_an_old_file_whole(table: Path, tmp_path: Path) -> None:
    """A second prediction does not append to the first."""
    output = tmp_path / "out.csv"
    output.write_text("old\n" * 100)
    write_copy(table, output)
    lines = output.read_text().splitlines()

    assert len(lines) == 4
    assert "old" not in lines
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", table.name]


def test_table_keeps_names_of_any_alphabet(tmp_path: Path) -> None:
    """Texts are stored by their bytes, and an empty one is no gap."""
    path = tmp_path / "table.parquet"
    names = ["grün/ä.png", "", "猫.jpg", "d"]
    with PredictionTable(path, ["Kätzchen", "犬"], names) as made:
        made.add(np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), ["", "kaputt ü", ""])
        made.add(np.zeros((0, 2), np.float32), ["missing"])
    found = pq.read_table(path)
    found.validate(full=True)

    assert found["file"].to_pylist() == names
    assert found["class"].to_pylist() == ["Kätzchen", None, "犬", None]
    assert found["fault"].to_pylist() == [None, "kaputt ü", None, "missing"]


def test_table_is_written_without_pandas(tmp_path: Path) -> None:
    """The command that classifies images would wait for its import."""
    program = (
        "import sys\n"
        "import numpy\n"
        "from pathlib import Path\n"
        "from kedro_nas.export.prediction_table import PredictionTable\n"
        "with PredictionTable(Path(sys.argv[1]), ['cat'], ['a', 'b']) as table:\n"
        "    table.add(numpy.ones((1, 1), numpy.float32), ['', 'missing'])\n"
        "assert 'pandas' not in sys.modules\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "table.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
