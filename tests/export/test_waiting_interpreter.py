"""A process that waits for its program, and what becomes of either."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.export.waiting_interpreter import WaitingInterpreter

ANSWER = "_answers.write({}.encode()); _answers.flush(); _answers.close()"


def _run(program: str, folder: Path, *packages: str) -> bytes:
    with WaitingInterpreter(packages) as interpreter:
        interpreter.run(program, ["7"], folder)
        assert interpreter.process.stdout is not None
        answer = interpreter.process.stdout.read()
        interpreter.process.wait()
        return answer + interpreter.printed().encode()


def test_waiting_interpreter_runs_a_program_as_the_command_line_would(
    tmp_path: Path,
) -> None:
    """It has the folder and the arguments; what it prints is apart from answers."""
    program = "import os, sys\nprint('noise')\n" + ANSWER.format(
        "f'{os.getcwd()} {sys.argv[1:]} {__name__} '"
    )

    assert _run(program, tmp_path) == (
        f"{tmp_path.resolve()} ['7'] __main__ noise\n".encode()
    )


def test_waiting_interpreter_has_imported_the_packages_that_are_there(
    tmp_path: Path,
) -> None:
    """A package that is missing is the program's to complain of."""
    program = "import sys\n" + ANSWER.format("str('wave' in sys.modules)")

    assert _run(program, tmp_path, "wave", "no_such_package") == b"True"
    assert b"No module named 'no_such_package'" in _run(
        "import no_such_package", tmp_path, "no_such_package"
    )


def test_waiting_interpreter_imports_no_file_of_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file `wave.py` beside a project is no package; one beside the program is."""
    for place in ("project", "exports"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "wave.py").write_text(f"place = {place!r}")
    (tmp_path / "exports" / "own.py").write_text("place = 'own'")
    monkeypatch.chdir(tmp_path / "project")
    program = "import wave, own\n" + ANSWER.format("(dir(wave)[0] + own.place)")

    assert _run(program, tmp_path / "exports", "wave") == b"Errorown"


def test_waiting_interpreter_without_a_program_ends_with_its_block() -> None:
    """A command that fails early leaves no process; ending it twice does nothing."""
    with WaitingInterpreter() as interpreter:
        assert interpreter.process.poll() is None
    interpreter.__exit__()

    assert interpreter.process.returncode is not None


def test_waiting_interpreter_ends_with_the_process_that_started_it() -> None:
    """Its input ends when that process is killed, and then it ends by itself."""
    interpreter = WaitingInterpreter()
    with interpreter:
        assert interpreter.process.stdin is not None
        interpreter.process.stdin.close()
        interpreter.process.stdin = None

        assert interpreter.process.wait(timeout=60) == 0
