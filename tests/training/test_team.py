"""Members of a team: equal after each average, and never left waiting."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from kedro_nas.errors import TrainingError
from kedro_nas.training.team import Round, Team, TeamLink

ROUND = Round(epoch=2, steps=25, progress=0.25, progress_per_step=0.001)


@pytest.fixture
def folder() -> Iterator[str]:
    """Give a folder whose path is short enough for a socket."""
    made = tempfile.mkdtemp(prefix="team-")
    yield made
    shutil.rmtree(made, ignore_errors=True)


def _member(rank: int, size: int, folder: str) -> tuple[Round, list[float]]:
    team = Team(rank=rank, size=size, folder=folder)
    with TeamLink(team) as link:
        now = link.agree(ROUND if link.leads else None)
        mean = link.average(np.array([rank, 1.0, 10.0 * rank], np.float32))
    return now, mean.tolist()


def test_average_three_members_hold_the_mean(folder: str) -> None:
    """After an average every member holds the mean, and all follow the same round."""
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda rank: _member(rank, 3, folder), (2, 1, 0)))

    assert [mean for _, mean in found] == [[1.0, 1.0, 10.0]] * 3
    assert [now for now, _ in found] == [ROUND] * 3


def test_average_without_a_team_changes_nothing() -> None:
    """A network trained by one worker keeps its own weights."""
    with TeamLink(None) as link:
        assert link.leads
        assert link.average(np.ones(2, np.float32)).tolist() == [1.0, 1.0]


def test_average_tells_when_a_member_is_lost(folder: str) -> None:
    """A member that is gone raises on the others instead of leaving them waiting."""

    def leave() -> None:
        with TeamLink(Team(rank=1, size=2, folder=folder)):
            pass

    def stay() -> None:
        with TeamLink(Team(rank=0, size=2, folder=folder)) as link:
            link.average(np.ones(2, np.float32))

    with ThreadPoolExecutor(2) as threads:
        threads.submit(leave)
        staying = threads.submit(stay)

        with pytest.raises(TrainingError, match="member of the team was lost"):
            staying.result(timeout=10)


@pytest.mark.parametrize("rank", [0, 1])
def test_meeting_ends_when_the_team_is_given_up(folder: str, rank: int) -> None:
    """A member whose partners will not come stops waiting once the folder is gone."""
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(TeamLink, Team(rank=rank, size=2, folder=folder))
        shutil.rmtree(folder)

        with pytest.raises(TrainingError, match="given up"):
            waiting.result(timeout=10)


def test_anywhere_forgets_what_changes_no_result() -> None:
    """Rank and folder are places; size and interval decide the weights."""
    one = Team(rank=0, size=2, folder="here", every_steps=10)
    other = Team(rank=1, size=2, folder="there", every_steps=10)

    assert one.anywhere() == other.anywhere()
    assert one.anywhere() != other.model_copy(update={"size": 3}).anywhere()


def test_folder_names_fit_a_socket() -> None:
    """The socket of a temporary folder is within what the system allows."""
    assert len(str(Path(tempfile.gettempdir()) / ("x" * 26) / "team.sock")) < 100


def test_average_is_the_same_whoever_connects_first(folder: str) -> None:
    """Sums of floats depend on their order; a result may not depend on the clock."""
    values = {0: 1e17, 1: 1.0, 2: -1e17, 3: 0.5}  # 1e17 + 1.0 is 1e17

    def member(rank: int, delay_s: float, place: str) -> float:
        time.sleep(delay_s)
        with TeamLink(Team(rank=rank, size=4, folder=place)) as link:
            mean = link.average(np.array([values[rank]], np.float32))
        return float(mean[0])

    found = []
    for order in ((0, 1, 2, 3), (3, 2, 1, 0)):
        place = Path(folder) / str(order[0])
        place.mkdir()
        with ThreadPoolExecutor(4) as threads:
            started = [
                threads.submit(member, rank, 0.02 * turn, str(place))
                for turn, rank in enumerate(order)
            ]
            found.append({one.result(timeout=20) for one in started})

    assert found[0] == found[1] == {0.125}


def test_agree_tells_the_others_when_the_first_member_is_lost(folder: str) -> None:
    """Who waits for the next round is told that none will come."""

    def leave() -> None:
        with TeamLink(Team(rank=0, size=2, folder=folder)):
            pass

    def stay() -> None:
        with TeamLink(Team(rank=1, size=2, folder=folder)) as link:
            link.agree(None)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(leave)
        staying = threads.submit(stay)

        with pytest.raises(TrainingError, match="first member of the team was lost"):
            staying.result(timeout=10)


def test_agree_without_a_team_is_what_is_wanted() -> None:
    """One worker alone decides its own rounds."""
    with TeamLink(None) as link:
        assert link.agree(ROUND) is ROUND


def test_round_is_unpacked_as_it_was() -> None:
    """Progress keeps all its digits: the learning rate follows from it."""
    odd = Round(epoch=3, steps=0, progress=1 / 3, progress_per_step=1e-9)

    assert Round.unpack(odd.pack()) == odd


@pytest.mark.parametrize(
    "wrong", [{"rank": -1}, {"size": 1}, {"every_steps": 0}, {"leader": True}]
)
def test_team_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    """A team has two members at least, numbered from 0, and averages after a step."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Team.model_validate({"rank": 0, "size": 2, "folder": "here", **wrong})
