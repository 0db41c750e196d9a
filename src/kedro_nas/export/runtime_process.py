"""An exported file in processes of its own, which classify what they are sent.

As in the parity check, the file is loaded by its own runtime in a process that does not
import this package; so any format can be used, TensorFlow is imported only where the
format needs it, and images are decoded while it computes. A runtime that computes on
one core has several processes.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from typing_extensions import Self

from kedro_nas.devices import environment_of_child
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter, traits_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Values of the pixels given to a runtime at once: activations are some 50 times larger,
# 200 MB. Fewer images cost more calls, of which each takes some 30 ms in Keras.
_VALUES_AT_ONCE = 2**22
_MOST_AT_ONCE = 1024
# ONNX Runtime computes one layer of all images after the other, and few images stay in
# the cache: candidate 0 at 28 x 28 pixels takes 110 processor microseconds an image in
# batches of 16 to 64 and 146 in batches of 1024. LiteRT takes 160 in either.
_MOST_AT_ONCE_IN = {"onnxruntime": 32}

# Idle threads of ONNX Runtime keep their cores busy by default, and images are decoded
# on these: 10,000 of 28 x 28 pixels take 1.3 processor seconds instead of 1.7
_BEFORE = {
    "onnxruntime": """
import functools
import onnxruntime
options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
onnxruntime.InferenceSession = functools.partial(
    onnxruntime.InferenceSession, sess_options=options
)
"""
}
# the program of a format is between the two; names are those no other program has
_BEGINNING = """\
import os
import sys

_answers_of_kedro_nas = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what the runtime prints is no answer
"""
_ENDING = """

def _serve_kedro_nas(answers):
    import sys
    import numpy

    height, width, channels, n_classes, at_once, flips = map(int, sys.argv[1:])

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
        for first in range(0, len(pixels), at_once):
            answers.write(classified(pixels[first : first + at_once]).tobytes())
        answers.flush()


_serve_kedro_nas(_answers_of_kedro_nas)
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
    """

    def __init__(
        self,
        exporter: Exporter,
        folder: Path,
        image_shape: tuple[int, int, int],
        n_classes: int,
        *,
        flips: bool = False,
    ) -> None:
        self._exporter = exporter
        self._folder = folder
        self._shape = image_shape
        self._n_classes = n_classes
        self._flips = flips

    def __enter__(self) -> Self:
        """Start the process; it loads the file while the first images are decoded."""
        runtime = traits_of(self._exporter).runtime
        most = _MOST_AT_ONCE_IN.get(runtime, _MOST_AT_ONCE)
        at_once = max(1, min(most, _VALUES_AT_ONCE // math.prod(self._shape)))
        numbers = *self._shape, self._n_classes, at_once, int(self._flips)
        self._messages: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._program(), *map(str, numbers)],
            cwd=self._folder,
            env=environment_of_child(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
        )
        self._is_ready = False
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._messages.close()

    def _program(self) -> str:
        before = _BEFORE.get(traits_of(self._exporter).runtime, "")
        return _BEGINNING + before + self._exporter.snippet() + _ENDING

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
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
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
