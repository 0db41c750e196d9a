"""Several workers that train one network together, by averaging its weights.

Each member runs some steps on its own share of the rows; then all replace weights and
moments by their mean. benchmarks/team.py compares its speed with that of one worker
with as many threads.

The members are worker processes of one machine; they communicate over a socket in a
folder that the driver creates. Member 0 averages and decides the next round, so that
all members end the training at the same step.

Source: Stich (2019), Local SGD Converges Fast and Communicates Little.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import Self

from kedro_nas.errors import TrainingError

_ROUND = struct.Struct("<qqdd")
_RANK = struct.Struct("<q")
_POLL_S = 0.2


class Team(BaseModel):
    """One member's place in a team.

    Attributes:
        rank: Number of the member, 0 for the one that averages and saves.
        size: Number of members.
        folder: Folder of their socket; the driver deletes it when a member is lost.
        every_steps: Gradient steps between two averages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: int = Field(ge=0)
    size: int = Field(ge=2)
    folder: str
    every_steps: int = Field(25, ge=1)

    def anywhere(self) -> Team:
        """Return the place without its folder, on which no result depends."""
        return self.model_copy(update={"folder": "", "rank": 0})


@dataclass(frozen=True)
class Round:
    """The work of all members until the next average.

    Attributes:
        epoch: Completed passes over all rows; selects the rows of the present pass.
        steps: Gradient steps of each member; 0 ends the training.
        progress: Share of the training that is done when the round starts, in [0, 1].
        progress_per_step: Increase of `progress` by each step.
    """

    epoch: int
    steps: int
    progress: float
    progress_per_step: float

    def pack(self) -> bytes:
        """Return the round as bytes, `unpack` is the inverse."""
        return _ROUND.pack(
            self.epoch, self.steps, self.progress, self.progress_per_step
        )

    @classmethod
    def unpack(cls, data: bytes) -> Round:
        """Return the round that `pack` encoded."""
        return cls(*_ROUND.unpack(data))


class TeamLink:
    """The connections of one member of a team.

    Args:
        team: The member's place; None for a network that is trained by one worker.

    Raises:
        TrainingError: The team was aborted before all members had connected.
    """

    def __init__(self, team: Team | None) -> None:
        self._team = team
        self._peers: list[socket.socket] = []
        self._server: socket.socket | None = None
        if team is None:
            return
        try:
            self._meet(team)
        except BaseException:
            self.close()
            raise

    @property
    def leads(self) -> bool:
        """Whether this member averages, saves and reports."""
        return self._team is None or self._team.rank == 0

    def _meet(self, team: Team) -> None:
        self._check(team)
        address = str(Path(team.folder) / "team.sock")
        if team.rank == 0:
            self._server = socket.socket(socket.AF_UNIX)
            try:
                self._server.bind(address)
            except FileNotFoundError:
                self._check(team)  # given up between the first check and here
                raise
            self._server.listen(team.size)
            self._server.settimeout(_POLL_S)
            by_rank: dict[int, socket.socket] = {}
            while len(by_rank) < team.size - 1:
                self._check(team)
                try:
                    peer, _ = self._server.accept()
                except TimeoutError:
                    continue
                peer.settimeout(None)
                by_rank[_RANK.unpack(_read(peer, _RANK.size))[0]] = peer
            # a fixed order: sums of floats depend on it, results must not
            self._peers = [by_rank[rank] for rank in sorted(by_rank)]
            return
        while not self._peers:
            self._check(team)
            peer = socket.socket(socket.AF_UNIX)
            try:
                peer.connect(address)
            except (FileNotFoundError, ConnectionRefusedError):
                peer.close()
                time.sleep(_POLL_S)
                continue
            peer.sendall(_RANK.pack(team.rank))
            self._peers.append(peer)

    @staticmethod
    def _check(team: Team) -> None:
        if not Path(team.folder).exists():
            raise TrainingError("the team was given up before all members had met")

    def agree(self, wanted: Round | None) -> Round:
        """Return the next round, which member 0 decides.

        Args:
            wanted: The round that member 0 proposes; None from the others.

        Raises:
            TrainingError: A member was lost.
        """
        return self._follow() if wanted is None else self._lead(wanted)

    def average(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Replace a vector by its mean over all members.

        Args:
            vector: float32 `(n,)`, of the same length for all members.

        Raises:
            TrainingError: A member was lost.
        """
        if self._team is None:
            return vector
        try:
            if not self.leads:
                self._peers[0].sendall(vector.tobytes())
                return self._receive(self._peers[0], len(vector))
            total = vector.astype(np.float64)
            for peer in self._peers:
                total += self._receive(peer, len(vector))
            mean = (total / self._team.size).astype(np.float32)
            for peer in self._peers:
                peer.sendall(mean.tobytes())
        except OSError as error:
            raise TrainingError("another member of the team was lost") from error
        return mean

    def _lead(self, wanted: Round) -> Round:
        try:
            for peer in self._peers:
                peer.sendall(wanted.pack())
        except OSError as error:
            raise TrainingError("another member of the team was lost") from error
        return wanted

    def _follow(self) -> Round:
        try:
            return Round.unpack(_read(self._peers[0], _ROUND.size))
        except OSError as error:
            raise TrainingError("the first member of the team was lost") from error

    @staticmethod
    def _receive(peer: socket.socket, n: int) -> NDArray[np.float32]:
        return np.frombuffer(_read(peer, 4 * n), np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for peer in self._peers:
            peer.close()
        if self._server is not None:
            self._server.close()


def _read(peer: socket.socket, n: int) -> bytes:
    data = bytearray(n)
    view, done = memoryview(data), 0
    while done < n:
        got = peer.recv_into(view[done:])
        if not got:
            raise ConnectionResetError("the connection was closed")
        done += got
    return bytes(data)
