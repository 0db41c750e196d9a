"""A Python process that imports packages while its program is still being made.

A command knows the format before it has read the project; importing a runtime takes 0.3
s, TensorFlow 4 s, which pass while Kedro reads the configuration on another core.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from typing_extensions import Self

from kedro_nas.devices import environment_of_child

_IMPORTED = re.compile(r"^(?:import|from) ([\w.]+)", re.MULTILINE)
_WAIT = """\
import importlib
import json
import os
import sys

sys.path.remove("")  # a file beside the project is no package
_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what packages print is no answer
for _name in sys.argv[1:]:
    try:
        importlib.import_module(_name)
    except ImportError:
        pass  # raised again by the program, if it needs it
_told = sys.stdin.buffer.readline()
if _told:
    _told = json.loads(_told)
    os.chdir(_told["folder"])
    sys.path.insert(0, "")
    sys.argv[1:] = _told["arguments"]
    exec(compile(_told["program"], "<program>", "exec"))
"""


class WaitingInterpreter:
    """A process that waits for a program; it ends with its `with` statement.

    Args:
        packages: Modules that it imports meanwhile, as far as they are installed.

    Attributes:
        process: Its standard input and output are pipes; to the latter goes what the
            program writes to `_answers`.
    """

    def __init__(self, packages: Sequence[str] = ()) -> None:
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WAIT, *packages],
            env=environment_of_child(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
        )

    def run(self, program: str, arguments: Sequence[str], folder: Path) -> None:
        """Send the program.

        Args:
            program: Python source.
            arguments: Its command line, without a name.
            folder: Its working directory.
        """
        told = {
            "program": program,
            "arguments": list(arguments),
            "folder": str(folder.resolve()),
        }
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # whoever reads its answers sees that it ended
            self.process.stdin.write(json.dumps(told).encode() + b"\n")
            self.process.stdin.flush()

    def printed(self) -> str:
        """Return what the process has printed, errors included."""
        self._printed.seek(0)
        return self._printed.read().decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, if it has not been ended."""
        if self._printed.closed:
            return
        self.process.kill()
        self.process.communicate()
        self._printed.close()


def packages_imported_by(program: str) -> list[str]:
    r"""Return the modules that a program imports at its top level.

    >>> packages_imported_by("import numpy\nfrom a.b import c\ndef f():\n import os")
    ['numpy', 'a.b']
    """
    return _IMPORTED.findall(program)
