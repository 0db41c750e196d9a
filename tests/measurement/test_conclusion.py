"""What all benchmarks share: how they begin and end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from measurement.conclusion import conclude, new_parser, versions_of, write_result

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))
PEERS = "compare_peers.py"  # has rows and pages of its own: peer_runs/


def test_write_result_puts_what_it_depends_on_before_the_values(tmp_path):
    """A result says when, where, with which versions and from which seeds it came."""
    path = tmp_path / "new" / "speed.json"
    write_result(path, {"ratio": 1.5}, seeds={2, 0}, packages=("scipy", "no_such"))
    found = json.loads(path.read_text())

    assert list(found) == ["date", "environment", "seeds", "packages", "ratio"]
    assert found["date"].endswith("+00:00")
    assert found["environment"]["versions"]["numpy"]
    assert found["environment"]["cores"] >= 1
    assert found["seeds"] == [0, 2]
    assert found["packages"]["scipy"]
    assert found["packages"]["no_such"] is None
    assert found["ratio"] == 1.5


def test_write_result_leaves_the_command_line_out(tmp_path, monkeypatch):
    """Folders of the machine that measured are not published."""
    monkeypatch.setattr(sys, "argv", ["speed.py", "--out", "somewhere/private"])
    path = tmp_path / "speed.json"
    write_result(path, {}, seeds=[0])

    assert "private" not in path.read_text()


@pytest.mark.parametrize("name", ["date", "environment", "seeds"])
def test_write_result_refuses_a_value_that_would_be_overwritten(tmp_path, name):
    """A benchmark cannot replace the date, the machine or the seeds by its own."""
    path = tmp_path / "speed.json"

    with pytest.raises(ValueError, match=f"speed.json: {name} is written"):
        write_result(path, {name: 1}, seeds=[0])
    assert not path.exists()


def test_write_result_leaves_the_old_file_whole_when_a_value_is_not_json(tmp_path):
    """A result of hours is not lost to one that cannot be written."""
    path = tmp_path / "speed.json"
    write_result(path, {"ratio": 1.5}, seeds=[0])

    with pytest.raises(TypeError):
        write_result(path, {"ratio": object()}, seeds=[0])
    assert json.loads(path.read_text())["ratio"] == 1.5
    assert [one.name for one in tmp_path.iterdir()] == ["speed.json"]


@pytest.mark.parametrize(("passed", "status"), [(True, 0), (False, 1)])
def test_conclude_prints_the_verdict_and_returns_the_status(capsys, passed, status):
    """The last line is the figure; the exit status says whether the bar is reached."""
    found = conclude("2.0 times as fast", passed=passed)

    assert found == status
    assert capsys.readouterr().out == "2.0 times as fast\n"


def test_new_parser_knows_quick_and_shows_the_script_as_written():
    """`--help` keeps the lines of the docstring; `--quick` is off unless given."""
    parser = new_parser("One line.\n\n    python speed.py\n", quick="2 images")

    assert parser.parse_args([]).quick is False
    assert parser.parse_args(["--quick"]).quick is True
    assert "\n    python speed.py\n" in parser.format_help()
    assert "2 images" in parser.format_help()


def test_versions_of_gives_none_for_a_package_that_is_not_there():
    """A missing optional package is a fact of the measurement, not an error."""
    found = versions_of(["numpy", "no_such_package"])

    assert found["numpy"]
    assert found["no_such_package"] is None


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_benchmarks_begin_and_end_alike(script):
    """Each script takes its options, result file and verdict from one module."""
    text = script.read_text()

    assert "sys.exit(main())" in text
    if script.name != PEERS:
        assert "new_parser(__doc__" in text
        assert "write_result(" in text
        assert "conclude(" in text
        assert "ArgumentParser(" not in text


def test_lint_checks_the_types_of_all_scripts():
    """A benchmark that calls what the library no longer has fails `make lint`."""
    after = (ROOT / "Makefile").read_text().partition("\nlint:")[2]
    lint = after.partition("\n\n")[0]

    assert "mypy src benchmarks examples .ci docs" in lint
    assert "benchmarks/peers/*.py" in lint
