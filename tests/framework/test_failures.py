"""`kedro_nas.framework.failures` and `hints`: how a run ends that cannot go on."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click
import pytest
from kedro.framework import project
from kedro.io.core import DatasetError
from kedro.pipeline import Node, Pipeline

from kedro_nas import create_pipeline
from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework import failures
from kedro_nas.framework.hints import hint_for

SEARCH = create_pipeline(stages=("search_space",))
OURS = DataError("cannot read the images", received="an empty table")


def test_message_of_our_error_is_its_text() -> None:
    """The class and the sentence, nothing from below."""
    assert failures.message_of(OURS) == f"DataError: {OURS}"


def test_message_of_an_error_that_kedro_wrapped_is_ours() -> None:
    """Kedro wraps what a dataset raises; the message is still the one that helps."""
    wrapped = DatasetError("Failed while loading data from dataset")
    wrapped.__cause__ = OURS

    assert failures.message_of(wrapped) == f"DataError: {OURS}"


def test_message_of_our_dataset_without_file_is_kedros_own() -> None:
    """A missing file of ours ends in Kedro's sentence, without traceback."""
    error = DatasetError(
        "Failed to load kedro_nas.datasets.report_dataset.ReportDataset(...)"
    )

    assert failures.message_of(error) == f"DatasetError: {error}"


@pytest.mark.parametrize("error", [ValueError("x"), DatasetError("pandas"), KeyError()])
def test_message_of_a_foreign_error_is_none(error: Exception) -> None:
    """Errors of a host's own code keep their traceback."""
    assert failures.message_of(error) is None


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Install the excepthook over one that only records."""
    seen: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda *found: seen.append(found[1]))
    failures.install(failures.RunScope(pipeline=SEARCH))
    return seen


def test_excepthook_prints_our_message_only(
    hooked: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """One message on stderr; the traceback is not shown."""
    sys.excepthook(DataError, OURS, None)

    assert capsys.readouterr().err == f"\nDataError: {OURS}\n"
    assert hooked == []


def test_excepthook_with_the_switch_shows_the_traceback_too(
    hooked: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`KEDRO_NAS_TRACEBACK=1` is for those who debug."""
    monkeypatch.setenv(failures.SWITCH, "1")
    sys.excepthook(DataError, OURS, None)

    assert hooked == [OURS]


def test_excepthook_of_a_foreign_error_passes_it_on(
    hooked: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not ours is the former hook's business, unchanged."""
    error = ValueError("theirs")
    sys.excepthook(ValueError, error, None)

    assert hooked == [error]
    assert capsys.readouterr().err == ""


def test_install_twice_wraps_once(hooked: list[BaseException]) -> None:
    """Several sessions in one process do not pile up hooks."""
    failures.install(failures.RunScope(pipeline=SEARCH))
    failures.install(failures.RunScope(pipeline=SEARCH))
    sys.excepthook(ValueError, ValueError("theirs"), None)

    assert len(hooked) == 1


def _log_failure(error: Exception) -> None:
    try:
        raise error  # noqa: TRY301 - a filter looks at what is being handled
    except Exception:  # noqa: BLE001 - as Kedro's Node.run
        logger = logging.getLogger("kedro.pipeline.node")
        logger.error("Node x failed with error")  # noqa: TRY400


def test_repeats_are_dropped_within_a_command_only(
    hooked: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """On the command line the final message is the one; a scheduler keeps the log."""
    _log_failure(OURS)
    kept = len(caplog.records)
    with click.Context(click.Command("run")):
        _log_failure(OURS)
        dropped = len(caplog.records) - kept
        _log_failure(ValueError("theirs"))

    assert kept == 1
    assert dropped == 0
    assert len(caplog.records) == 2


class MissingConfigException(Exception):  # noqa: N818 - Kedro's name
    """Named like Kedro's."""


class ParserError(Exception):
    """Named like Kedro's."""


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            MissingConfigException("is not a valid directory: /p/conf/local"),
            "mkdir -p /p/conf/local",
        ),
        (ParserError("Invalid file conf/base/parameters_nas.yml"), "not valid YAML"),
    ],
)
def test_hint_for_kedros_errors_that_newcomers_meet(
    error: Exception, hint: str
) -> None:
    """Each names the command or the line that mends it."""
    found = hint_for(error)

    assert found is not None
    assert hint in found


@pytest.mark.parametrize(
    "error", [ImportError("No module named 'x'"), ParserError("globals.yml"), OSError()]
)
def test_hint_for_other_errors_is_none(error: Exception) -> None:
    """No advice is better than wrong advice."""
    assert hint_for(error) is None


def _own(value: Any) -> Any:
    return value


THEIRS = Pipeline([Node(_own, "a", "b", name="theirs")])
MERGE = TypeError("Cannot merge incompatible container types")


@pytest.mark.parametrize("error", [OURS, MERGE], ids=["ours", "kedros"])
@pytest.mark.parametrize("known", [True, False], ids=["begun", "before"])
def test_excepthook_of_a_run_without_our_nodes_says_nothing(
    error: Exception,
    known: bool,
    hooked: list[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kedro's own traceback stays, before and after Kedro has chosen the nodes."""
    monkeypatch.setattr(project, "pipelines", {"__default__": THEIRS})
    failures.install(failures.RunScope(pipeline=THEIRS if known else None))
    sys.excepthook(type(error), error, None)

    assert hooked == [error]
    assert capsys.readouterr().err == ""


def test_excepthook_before_a_run_is_for_projects_with_our_nodes(
    hooked: list[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kedro reads parameters before it chooses nodes; what is registered decides."""
    monkeypatch.setattr(project, "pipelines", {"a": THEIRS, "nas": SEARCH})
    failures.install(failures.RunScope())
    sys.excepthook(TypeError, MERGE, None)

    assert hooked == []
    assert "kedro-nas: one environment" in capsys.readouterr().err


def test_repeats_of_a_run_without_our_nodes_stay_in_the_log(
    hooked: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """What Kedro logs of a host's own node is not dropped."""
    failures.install(failures.RunScope(pipeline=THEIRS))
    with click.Context(click.Command("run")):
        _log_failure(OURS)

    assert len(caplog.records) == 1


def test_name_as_the_host_does_names_sections_where_they_are() -> None:
    """The library says `nas.`; a search in another namespace has other names."""
    error = ParameterError(
        "no trial fits nas.search.budget_s",
        received="nas.trials of data/nas.trials, theirs.nas.search",
        remedy="Set nas.job.baseline: auto",
    )
    wrapped = RuntimeError("Kedro's")
    wrapped.__cause__ = error
    names = {"params:search": "params:shared.quick", "trials": "tried"}
    failures.name_as_the_host_does(wrapped, "defects.nas", names)

    assert str(error) == (
        "no trial fits shared.quick.budget_s. Received: tried of data/nas.trials, "
        "theirs.nas.search. Set defects.nas.job.baseline: auto."
    )
