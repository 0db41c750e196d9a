"""`kedro_nas.framework.quiet`: known lines are dropped, all others shown."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from kedro_nas.framework import quiet

NOISE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written\\n"
    "I0000 00:00:17.0 1 cudart_stub.cc:31] Could not find cuda drivers on your machine,"
    " GPU will not be used.\\n"
    "I0000 00:00:17.0 1 port.cc:153] oneDNN custom operations are on. You may see\\n"
)
ABOUT_A_LIBRARY = "W0000 gpu_device.cc:2342] Cannot dlopen some GPU libraries."


def _run(inside: str) -> subprocess.CompletedProcess[str]:
    program = (
        "import os\n"
        "from kedro_nas.framework.quiet import filtered_stderr\n"
        f"noise = '{NOISE}'.encode()\n"
        "with filtered_stderr():\n"
        "    os.write(2, noise)\n"
        f"    {inside}\n"
        "os.write(2, b'after: ' + noise)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_filtered_stderr_drops_what_is_known_only() -> None:
    """A missing GPU library is news; a missing GPU is not. Afterwards all is shown."""
    done = _run(f"os.write(2, b'{ABOUT_A_LIBRARY}')")
    inside, _, after = done.stderr.partition("after: ")

    assert done.returncode == 0
    assert inside.strip() == ABOUT_A_LIBRARY
    assert after.count("\n") == 3


def test_filtered_stderr_of_a_process_that_aborts_shows_its_last_words() -> None:
    """TensorFlow aborts on processors it was not built for, and says so."""
    done = _run("os.write(2, b'compiled to use AVX\\n'); os.abort()")

    assert done.returncode < 0
    assert done.stderr.strip() == "compiled to use AVX"


def test_filtered_stderr_lets_errors_through() -> None:
    """An import that fails ends in its own traceback."""
    done = _run("raise ImportError('no libcudnn')")

    assert done.returncode == 1
    assert "ImportError: no libcudnn" in done.stderr


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("search_architectures", [False]),
        ("fit_final_models", [True]),
        ("prepare_images", []),
        ("write_report", []),
    ],
)
def test_prepare_for_imports_where_a_node_would(
    monkeypatch: pytest.MonkeyPatch, node: str, expected: list[bool]
) -> None:
    """Stages that do without TensorFlow do not wait for it."""
    asked: list[bool] = []
    monkeypatch.setattr(
        quiet, "import_tensorflow", lambda *, with_devices: asked.append(with_devices)
    )
    quiet.prepare_for(SimpleNamespace(func=SimpleNamespace(__name__=node)))

    assert asked == expected
