"""A search's parts put together, run by workers that follow a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search import session
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import SessionBegun, SpeedMeasured, TrialCreated
from kedro_nas.search.session import SearchSession
from kedro_nas.search.step_speed import MeasuredSpace
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.tasks import Task

SPEED = MachineSpeed(start_s=1, epoch_s=1.0, steps_per_epoch=8, workers=1)
Digits = tuple[ImageStore, dict[str, Any]]


@pytest.fixture(scope="module")
def space(digits: Digits) -> SearchSpace:
    """Give the space of the digits."""
    return build_search_space(
        SearchSpaceOptions(preset="cpu"), DatasetProfile.read(digits[1]).facts, seed=0
    )


def _score(width: int, _: int) -> float:
    return 0.5 + width % 7 / 20


class _Searches:
    """Makes sessions of one search; `pool` is that of the last."""

    def __init__(
        self,
        digits: Digits,
        space: SearchSpace,
        folder: Path,
        make_pool: Callable[..., Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._store, profile = digits
        self._verdict = DatasetProfile.read(profile).verdict
        self._space, self._folder = space, folder
        self.speed: MachineSpeed | None = SPEED
        self.pool = make_pool(1)

        @contextmanager
        def lease(*_: Any) -> Iterator[Any]:
            self.pool = make_pool(1, curve=_score)
            yield self.pool

        monkeypatch.setattr(session, "lease_pool", lease)
        monkeypatch.setattr(
            session,
            "measure_once",
            lambda *_, **__: MeasuredSpace(self._space, PLAIN, self.speed),
        )

    def run(
        self, job_budget_s: float | None = None, **options: Any
    ) -> tuple[SearchSession, str, Ledger]:
        """Run a session; gives it, what ended it, and its ledger."""
        folder = self._folder / "search"
        ledger = Ledger(folder / "ledger.jsonl")
        made = SearchSession(
            self._store,
            self._space,
            self._verdict,
            folder,
            ledger,
            SearchOptions(**{"max_epochs": 4, "min_steps": 1, "factor": 2, **options}),
            JobOptions(threads_per_worker=2, max_resident_mb=7),
            baseline=make_baseline("auto", self._store),
            budget_s=job_budget_s,
            spent_s=10.0,
            seed=5,
        )
        with made:
            return made, made.run(), ledger


@pytest.fixture
def searches(
    digits: Digits,
    space: SearchSpace,
    tmp_path: Path,
    scripted_pool: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> _Searches:
    """Give the maker of sessions in one workspace."""
    return _Searches(digits, space, tmp_path, scripted_pool, monkeypatch)


def test_session_hands_workers_what_the_options_say(searches: _Searches) -> None:
    """Every task names its rows, epochs, memory, threads and batch norm."""
    made, ended_by, _ = searches.run(max_trials=5)
    tasks: list[Task] = searches.pool.submitted

    assert ended_by == "schedule"
    assert len(tasks) == 5
    assert {task.rows for task in tasks} == {"search"}
    assert {task.threads for task in tasks} == {2}
    assert {task.max_resident_mb for task in tasks} == {7}
    assert {task.schedule_epochs for task in tasks} == {made.top_epochs} == {4}
    assert len({task.checkpoint for task in tasks}) == 5
    assert {task.bn_momentum for task in tasks} == {searches._verdict.bn_momentum}


def test_session_promoted_tasks_go_on_from_their_parents(searches: _Searches) -> None:
    """Same network, same seed, the checkpoint of the rung below."""
    searches.run(max_trials=11)
    by_name = {Path(t.checkpoint or "").stem: t for t in searches.pool.submitted}
    promoted = [task for task in by_name.values() if task.parent]

    assert promoted
    for task in promoted:
        parent = by_name[Path(task.parent or "").stem]
        assert task.epoch_start == parent.epochs
        assert task.seed == parent.seed
        assert task.architecture == parent.architecture


def test_session_grown_tasks_name_the_checkpoint_of_their_ancestor(
    searches: _Searches,
) -> None:
    """The file is that of a training that has ended, and it is not deleted."""
    _, _, ledger = searches.run(
        max_trials=6,
        inherit="morph",
        learning_lag=1,
        proposer="tests.search.growing_proposer:GrowingProposer",
    )
    tasks: list[Task] = searches.pool.submitted
    lines = {line.trial: line for line in ledger.of(TrialCreated)}
    grown = [task for task in tasks if task.ancestor is not None]

    assert len(grown) > 2
    for task in grown:
        assert task.ancestor is not None
        earlier = tasks[: tasks.index(task)]
        (source,) = (t for t in earlier if t.task_id == task.ancestor.task_id)
        assert task.ancestor.checkpoint == source.checkpoint
        assert task.ancestor.architecture == source.architecture
        assert lines[task.task_id].ancestor == source.task_id
        assert lines[task.task_id].ancestor_epochs == source.epochs


@pytest.mark.parametrize("inherit", ["none", "morph"])
def test_session_keeps_checkpoints_where_networks_inherit(
    searches: _Searches, inherit: str
) -> None:
    """A later network may be grown from any trial, eliminated ones included."""
    folder = searches._folder / "search" / "checkpoints"
    folder.mkdir(parents=True)
    files = [folder / f"i0-b{b}-r0-n{n:03d}.npz" for b in range(3) for n in range(9)]
    for file in files:
        file.touch()
    searches.run(max_trials=11, inherit=inherit)

    assert all(file.exists() for file in files) is (inherit == "morph")


@pytest.mark.parametrize(
    ("budget_s", "own_s", "expected"),
    [(None, "auto", None), (None, 60.0, 60.0), (300.0, 40.0, 40.0)],
)
def test_session_seconds_are_its_own_or_its_share(
    searches: _Searches, budget_s: float | None, own_s: Any, expected: float | None
) -> None:
    """A number replaces the share of the job; without a budget there is no limit."""
    made, _, ledger = searches.run(budget_s, budget_s=own_s, max_trials=1)

    assert made.plan.search_s == expected
    assert ledger.of(SessionBegun)[0].budget_s == expected


def test_session_share_begins_when_the_machine_is_measured(
    searches: _Searches,
) -> None:
    """Workers that start for 20 s leave a short search its trials all the same."""
    folder = searches._folder / "search"
    measured = SpeedMeasured(t=20.0, **vars(SPEED))
    folder.mkdir()
    (folder / "ledger.jsonl").write_text(measured.model_dump_json() + "\n")
    made, _, _ = searches.run(200.0, max_trials=1)
    left_s = 200 - 10 - 20 - SPEED.import_s - SPEED.finish_s
    parts = (made.plan.search_s, made.plan.ranking_s, made.plan.final_s)

    assert sum(part or 0 for part in parts) == pytest.approx(20 + left_s)
    assert made.plan.search_s == pytest.approx(20 + 0.15 * left_s)


def test_session_whose_budget_is_used_up_trains_nothing(searches: _Searches) -> None:
    """Run again, a search that has had its seconds ends at once."""
    _, _, ledger = searches.run(max_trials=2)
    clock = searches._folder / "search" / "clock.txt"
    clock.write_text("1000.0")
    sessions = len(ledger.of(SessionBegun))
    _, ended_by, again = searches.run(300.0, max_trials=9)

    assert ended_by == "budget"
    assert len(again.of(SessionBegun)) == sessions
    assert len(again.of(TrialCreated)) == 2


def test_session_sweeps_halves_of_checkpoints(searches: _Searches) -> None:
    """What a killed worker left half written is no one's."""
    folder = searches._folder / "search" / "checkpoints"
    folder.mkdir(parents=True)
    half, whole = folder / ".i0-b0-r0-n000.npz.tmp", folder / "other.npz"
    half.touch()
    whole.touch()
    searches.run(max_trials=1)

    assert not half.exists()
    assert whole.exists()


def test_session_interrupted_says_how_to_go_on(
    searches: _Searches, caplog: pytest.LogCaptureFixture
) -> None:
    """Ctrl-C is no failure: the way on is the last thing that is said."""
    made, _, _ = searches.run(max_trials=1)

    with pytest.raises(KeyboardInterrupt), made:
        raise KeyboardInterrupt
    assert "run the same command to go on from" in caplog.messages[-1]
