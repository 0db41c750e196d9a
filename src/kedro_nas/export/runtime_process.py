"""An exported file in processes of its own, which classify what they are sent.

As in the parity check, the file is loaded by its own runtime in a process that does not
import this package; so any format can be used, TensorFlow is imported only where the
format needs it, and images are decoded while it computes. A runtime that computes on
one core has several processes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import Self

from kedro_nas.devices import cpu_numbers
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter, traits_of
from kedro_nas.export.waiting_interpreter import WaitingInterpreter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Values of the pixels given to a runtime at once: activations are some 50 times larger,
# 200 MB. Fewer images cost more calls, of which each takes some 30 ms in Keras.
_VALUES_AT_ONCE = 2**22


@dataclass(frozen=True)
class _Batches:
    """How a runtime is given its images.

    Attributes:
        most_at_once: Images of a batch.
        are_side_by_side: Whether each core computes a batch of its own.
        program: What comes before the program of the format.
    """

    most_at_once: int = 1024
    are_side_by_side: bool = False
    program: str = ""


# ONNX Runtime computes one layer of all images after the other, and few images stay in
# the cache: candidate 0 at 28 x 28 pixels takes 130 processor microseconds an image in
# batches of 16 to 64, and 200 in batches of 1024; LiteRT takes 160 in both. Its threads
# wait for each other in each layer, and keep cores busy on which images are decoded.
# Batches side by side, each on one thread, take 70 microseconds an image on two cores
# instead of 82.
_ONNX_BATCHES = _Batches(
    most_at_once=32,
    are_side_by_side=True,
    program="""
import functools
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
onnxruntime.InferenceSession = functools.partial(
    onnxruntime.InferenceSession, sess_options=options
)
""",
)
# comes after the program of the format; names are those no other program has
_ENDING = """

def _serve_kedro_nas(answers):
    import sys
    from concurrent.futures import ThreadPoolExecutor
    import numpy

    height, width, channels, n_classes, at_once, flips, side_by_side = map(
        int, sys.argv[1:]
    )
    pool = ThreadPoolExecutor(side_by_side)
    each = pool.map if side_by_side > 1 else map

    def classified(pixels):
        found = numpy.asarray(predict(pixels), numpy.float32)
        if flips:
            mirrored = numpy.ascontiguousarray(pixels[:, :, ::-1])
            found = (found + numpy.asarray(predict(mirrored), numpy.float32)) / 2
        if found.shape != (len(pixels), n_classes):
            raise ValueError(f"predict gave an array of shape {found.shape}")
        return found

    answers.write(b"ready")
    answers.flush()
    while header := sys.stdin.buffer.read(8):
        shape = int.from_bytes(header, "little"), height, width, channels
        content = bytearray(sys.stdin.buffer.read(shape[0] * height * width * channels))
        pixels = numpy.frombuffer(content, numpy.uint8).reshape(shape)
        firsts = range(0, len(pixels), at_once)
        for found in each(classified, [pixels[n : n + at_once] for n in firsts]):
            answers.write(found.tobytes())
        answers.flush()


_serve_kedro_nas(_answers)
"""


class RuntimeProcess:
    """A process that has loaded an exported file; used in a `with` statement.

    Args:
        exporter: The format; its `snippet` loads the file and defines `predict`.
        folder: The folder of exports.
        image_shape: Height, width, channels of the pixels.
        n_classes: Number of probabilities per image.
        flips: Whether probabilities are the mean of those of an image and of its
            mirrored copy, which takes twice as long.
        interpreter: A process that was started earlier, in place of a new one; ended
            with this one.
    """

    def __init__(
        self,
        exporter: Exporter,
        folder: Path,
        image_shape: tuple[int, int, int],
        n_classes: int,
        *,
        flips: bool = False,
        interpreter: WaitingInterpreter | None = None,
    ) -> None:
        self._exporter = exporter
        self._folder = folder
        self._shape = image_shape
        self._n_classes = n_classes
        self._flips = flips
        self._waiting = interpreter

    def __enter__(self) -> Self:
        """Start the process; it loads the file while the first images are decoded."""
        batches = self._batches()
        most = min(batches.most_at_once, _VALUES_AT_ONCE // math.prod(self._shape))
        side_by_side = len(cpu_numbers()) if batches.are_side_by_side else 1
        numbers = (
            *self._shape,
            *(self._n_classes, max(1, most), int(self._flips), side_by_side),
        )
        self._interpreter = self._waiting or WaitingInterpreter()
        self._interpreter.run(self._program(), [*map(str, numbers)], self._folder)
        self._process = self._interpreter.process
        self._is_ready = False
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._interpreter.__exit__()

    def _batches(self) -> _Batches:
        is_onnx = traits_of(self._exporter).runtime == "onnxruntime"
        return _ONNX_BATCHES if is_onnx else _Batches()

    def _program(self) -> str:
        return self._batches().program + self._exporter.snippet() + _ENDING

    def send(self, pixels: NDArray[np.uint8]) -> None:
        """Send images, uint8 `(n, height, width, channels)`; then ask for the answer.

        Raises:
            ExportError: The file cannot be loaded, or its runtime has failed.
        """
        assert self._process.stdin is not None
        if not self._is_ready:
            self._read(len(b"ready"))
            self._is_ready = True
        self._n_sent = len(pixels)
        try:
            self._process.stdin.write(len(pixels).to_bytes(8, "little"))
            self._process.stdin.write(pixels.tobytes())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def answer(self) -> NDArray[np.float32]:
        """Return the probabilities of the images sent last, `(n, n_classes)`.

        Raises:
            ExportError: The runtime has failed, or given another shape.
        """
        import numpy as np  # not above: the process starts while numpy is imported

        content = self._read(4 * self._n_sent * self._n_classes)
        return np.frombuffer(content, "<f4").reshape(self._n_sent, self._n_classes)

    def _read(self, n_bytes: int) -> bytes:
        assert self._process.stdout is not None
        content = self._process.stdout.read(n_bytes)
        if len(content) < n_bytes:
            raise self._failure()
        return content

    def _failure(self) -> ExportError:
        """Return the error of a process that has ended."""
        self._process.wait()
        lines = self._interpreter.printed().strip().splitlines()
        last = lines[-1] if lines else f"exit status {self._process.returncode}"
        return ExportError(
            f"the exported file '{self._exporter.file_name}' cannot be used",
            received=last,
            allowed="a file whose runtime loads it and gives a row of "
            f"{self._n_classes} probabilities per image",
            remedy="Choose another nas.prediction.format, or export the file again",
        )


def classify_in_turn(
    processes: Sequence[RuntimeProcess], parts: Iterator[NDArray[np.uint8]]
) -> Iterator[NDArray[np.float32]]:
    """Yield the probabilities of each part; further parts are made meanwhile.

    Args:
        processes: Processes with the same file, one at least; each takes the next part
            when it has answered.
        parts: uint8 `(n, height, width, channels)` each.

    Yields:
        float32 `(n, n_classes)`, in the order of the parts.

    Raises:
        ExportError: The file cannot be loaded, or its runtime has failed or given
            another shape.
    """
    waiting: deque[RuntimeProcess] = deque()
    idle = deque(processes)
    for part in parts:
        if not idle:
            first = waiting.popleft()
            yield first.answer()
            idle.append(first)
        process = idle.popleft()
        process.send(part)
        waiting.append(process)
    for process in waiting:
        yield process.answer()
