"""A process that waits for its program, and what becomes of either."""

from __future__ import annotations

from pathlib import Path

from kedro_nas.export.waiting_interpreter import WaitingInterpreter

ANSWER = "_answers.write({}.encode()); _answers.flush(); _answers.close()"


def _run(program: str, folder: Path, *packages: str) -> bytes:
    with WaitingInterpreter(packages) as interpreter:
        interpreter.run(program, ["7"], folder)
        assert interpreter.process.stdout is not None
        answer = interpreter.process.stdout.read()
        interpreter.process.wait()
        interpreter.messages.seek(0)
        return answer + interpreter.messages.read()


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
