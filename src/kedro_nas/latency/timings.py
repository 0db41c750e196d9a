"""The JSON that `kedro_nas_device_benchmark.py` brings back from a device."""

from __future__ import annotations

from pydantic import Field, ValidationError, field_validator

from kedro_nas.errors import DataError
from kedro_nas.latency import kedro_nas_device_benchmark as benchmark
from kedro_nas.space.architecture import Architecture, FrozenValue
from kedro_nas.space.device_profile import (
    LEAST_NETWORKS,
    DeviceMachine,
    NetworkTime,
    OperatorTime,
)


class TimedFile(FrozenValue):
    """Times of one file, which holds an operator or a network.

    Attributes:
        file: Its name.
        us: Median microseconds of a call, of the least disturbed round.
        p90_us: 90th percentile.
        rounds: How often it was visited.
        calls: Calls in all visits.
        operator: Fields of `space.operators.Operator`, or None.
        network: The network, or None.
    """

    file: str
    us: float = Field(gt=0, allow_inf_nan=False)
    p90_us: float = Field(gt=0, allow_inf_nan=False)
    rounds: int
    calls: int
    operator: tuple[str, int, int, int, int, int, int] | None = None
    network: Architecture | None = None


class TimedMachine(FrozenValue):
    """The device; see `space.device_profile.DeviceMachine`.

    Attributes:
        processor: Model of the board or processor.
        architecture: Of the processor.
        cores: Processor cores.
        system: Operating system and its version.
        python: Version of Python.
    """

    processor: str
    architecture: str
    cores: int
    system: str
    python: str


class DeviceTimings(FrozenValue):
    """All times of one device.

    Attributes:
        format: Version of the file.
        manifest_id: Which files were timed.
        date: When, ISO 8601.
        machine: The device.
        runtime: Package of the LiteRT runtime.
        runtime_version: Its version.
        threads: Threads the runtime was given.
        load_before: Mean number of running processes before, if known.
        load_after: And after.
        seconds: Duration.
        files: A row per file.
    """

    format: int
    manifest_id: str
    date: str
    machine: TimedMachine
    runtime: str
    runtime_version: str
    threads: int
    load_before: float | None
    load_after: float | None
    seconds: float
    files: tuple[TimedFile, ...]

    @field_validator("format")
    @classmethod
    def _is_of_this_version(cls, number: int) -> int:
        if number != benchmark.FORMAT:
            raise ValueError(f"this version reads format {benchmark.FORMAT}")
        return number

    @field_validator("files")
    @classmethod
    def _has_all_parts(cls, files: tuple[TimedFile, ...]) -> tuple[TimedFile, ...]:
        if all(one.operator is None for one in files):
            raise ValueError("no operator was timed")
        if sum(one.network is not None for one in files) < LEAST_NETWORKS:
            raise ValueError(f"at least {LEAST_NETWORKS} networks have to be timed")
        return files

    @classmethod
    def read(cls, text: str) -> DeviceTimings:
        """Read the JSON of a device.

        Raises:
            DataError: It is not what this version's program writes.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(
                "the timings of a device cannot be read",
                received=f"{place or 'the file'}: {first['msg']}",
                allowed="the JSON of this version's kedro_nas_device_benchmark.py",
                remedy="Run kedro nas profile-device --prepare FOLDER again, and the "
                "program in it on the device",
            ) from error

    @property
    def device(self) -> DeviceMachine:
        """The device with its runtime."""
        return DeviceMachine(
            **self.machine.model_dump(),
            runtime=self.runtime,
            runtime_version=self.runtime_version,
            threads=self.threads,
        )

    @property
    def table(self) -> tuple[OperatorTime, ...]:
        """The timed operators."""
        return tuple(
            OperatorTime(operator=one.operator, us=one.us)
            for one in self.files
            if one.operator is not None
        )

    @property
    def networks(self) -> tuple[NetworkTime, ...]:
        """The timed networks."""
        return tuple(
            NetworkTime(
                architecture=one.network, ms=one.us / 1e3, p90_ms=one.p90_us / 1e3
            )
            for one in self.files
            if one.network is not None
        )
