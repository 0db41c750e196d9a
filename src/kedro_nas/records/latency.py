"""The bound of latency of a search, and what its networks take."""

from __future__ import annotations

from kedro_nas.records.base import Part
from kedro_nas.space.device_profile import DeviceMachine


class LatencyBound(Part):
    """A bound of latency on a device.

    Attributes:
        max_ms: Milliseconds for one image at the 90th percentile.
        device: Name of the device's profile.
        machine: The device.
        margin: Share added to predictions before they are compared with `max_ms`.
    """

    max_ms: float
    device: str
    machine: DeviceMachine
    margin: float

    def allows(
        self,
        predicted_ms: float | None,
        measured: MeasuredLatency | None,
        copies: int = 1,
    ) -> bool:
        """Return whether a network keeps the bound, by its measurement if it has one.

        Args:
            predicted_ms: Predicted median; None where it cannot be predicted.
            measured: As measured on the device, or None.
            copies: Forward passes for one image.
        """
        if measured is not None:
            return copies * measured.p90_ms <= self.max_ms
        if predicted_ms is None:
            return False
        return copies * predicted_ms * (1 + self.margin) <= self.max_ms


class MeasuredLatency(Part):
    """Measured milliseconds for one image, of the least disturbed of some rounds.

    Attributes:
        median_ms: Median.
        p90_ms: 90th percentile.
        p99_ms: 99th percentile.
        threads: Threads of the runtime.
        calls: Timed calls of the round.
    """

    median_ms: float
    p90_ms: float
    p99_ms: float
    threads: int
    calls: int


class FormatLatency(Part):
    """Latency of an exported file.

    Attributes:
        one_thread: With one thread of its runtime.
        all_threads: With a thread per core.
    """

    one_thread: MeasuredLatency
    all_threads: MeasuredLatency


class ExportLatency(Part):
    """Latency of exported files on the machine that exported them.

    Attributes:
        processor: Model of the processor.
        cores: Number of its cores, if known.
        platform: Operating system.
        formats: By the name of the format; without those that TensorFlow loads.
    """

    processor: str
    cores: int | None
    platform: str
    formats: dict[str, FormatLatency]


class NetworkLatency(Part):
    """What a network takes on the device of a bound.

    Attributes:
        key: Of the contestant.
        name: The network in a line.
        predicted_ms: Predicted median; None where it cannot be predicted.
        measured: As measured; None where the device is not this machine, or the LiteRT
            runtime is missing.
        fits: Whether it keeps the bound, by what was measured or else predicted.
    """

    key: str
    name: str
    predicted_ms: float | None
    measured: MeasuredLatency | None
    fits: bool


class LatencyCheck(Part):
    """The contestants of a ranking against the bound of latency.

    Attributes:
        bound: The bound.
        networks: Each contestant.
        reason: Why nothing was measured; empty if it was.
    """

    bound: LatencyBound
    networks: tuple[NetworkLatency, ...]
    reason: str = ""

    @property
    def too_slow(self) -> frozenset[str]:
        """Keys of the contestants that exceed the bound."""
        return frozenset(one.key for one in self.networks if not one.fits)

    def of(self, key: str) -> NetworkLatency:
        """Return the latency of a contestant."""
        return next(one for one in self.networks if one.key == key)

    def allows(self, key: str, copies: int) -> bool:
        """Return whether a contestant may be run several times for one image.

        Args:
            key: Of the contestant.
            copies: Forward passes, as of an average over shifts of the image.
        """
        one = self.of(key)
        return self.bound.allows(one.predicted_ms, one.measured, copies)

    def describe(self, one: NetworkLatency) -> str:
        """Return in words what a network takes, the margin of a prediction included."""
        if one.measured is not None:
            return f"{one.measured.p90_ms:.3g} ms (measured, 90th percentile)"
        if one.predicted_ms is None:
            return "a time that cannot be predicted"
        bounded = one.predicted_ms * (1 + self.bound.margin)
        return (
            f"{one.predicted_ms:.3g} ms (predicted median; {bounded:.3g} ms with the "
            f"margin of {100 * self.bound.margin:.0f} %)"
        )

    def sentence(self, chosen: str, best: str) -> str:
        """Describe in words what the chosen network takes, and what was passed over.

        Args:
            chosen: Key of the chosen contestant.
            best: Key of the contestant with the best mean.
        """
        limit = f"the bound of {self.bound.max_ms:g} ms on {self.bound.device}"
        place = "above" if chosen in self.too_slow else "within"
        text = f"One image takes {self.describe(self.of(chosen))}, {place} {limit}."
        if best != chosen and best in self.too_slow:
            slow = self.of(best)
            text += (
                f" {slow.name} has the best mean but was passed over: it takes "
                f"{self.describe(slow)}."
            )
        return f"{text} It was not measured: {self.reason}." if self.reason else text
