"""The command group `kedro nas`; each command is imported when it is called."""

from __future__ import annotations

import contextlib
import json
import sys
from contextvars import ContextVar
from typing import Any, TextIO

import click
import yaml
from kedro.framework.cli.utils import LazyGroup, _split_params

from kedro_nas.errors import ParameterError
from kedro_nas.files import finite
from kedro_nas.framework.failures import message_of
from kedro_nas.framework.hints import hint_for
from kedro_nas.framework.log_streams import JSON_OPTION, send_logs_to_stderr

_HERE = "kedro_nas.framework.commands"
_IS_JSON = "kedro_nas.is_json"
# Where an answer goes; None is standard output, which logs may share.
_answers: ContextVar[TextIO | None] = ContextVar("answers", default=None)


class NasGroup(LazyGroup):
    """A lazy group whose errors end in one message and exit status 1."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether the command is asked for JSON."""
        ctx.meta[_IS_JSON] = JSON_OPTION in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; with `--json` standard output is for the answer alone."""
        try:
            if not ctx.meta[_IS_JSON]:
                return super().invoke(ctx)
            send_logs_to_stderr()
            token = _answers.set(sys.stdout)
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    return super().invoke(ctx)
            finally:
                _answers.reset(token)
        except Exception as error:
            text = message_of(error) or _message_of_yaml(error)
            hint = hint_for(error)
            if text is not None and hint is not None:
                text = f"{text}\n{hint}"
            if text is None or isinstance(error, click.ClickException):
                raise
            # click says "Error: " itself
            raise click.ClickException(text.partition("Error: ")[2]) from error


def _message_of_yaml(error: Exception) -> str | None:
    """Return a message for a file of the host that is not YAML; ours have a hint."""
    if not isinstance(error, yaml.YAMLError) or hint_for(error) is not None:
        return None
    broken = ParameterError(
        "the configuration of this project cannot be read",
        received=str(error),
        allowed="YAML",
        remedy="Correct that file",
    )
    return f"{type(broken).__name__}: {broken}"


@click.group(name="kedro-nas")
def commands() -> None:
    """Commands of kedro-nas."""


@commands.group(
    name="nas",
    cls=NasGroup,
    lazy_subcommands={
        name.replace("_", "-"): f"{_HERE}.{name}.{name}"
        for name in (
            *("check", "clean", "compare", "export", "init", "predict"),
            *("profile_device", "report", "show", "space", "status"),
        )
    },
)
def nas() -> None:
    """Search for image classifiers: set up, look ahead, look on, look back."""


json_option = click.option(
    JSON_OPTION, "as_json", is_flag=True, help="Print JSON for another program."
)
env_option = click.option(
    "--env", "-e", default=None, help="Configuration environment, as in kedro run."
)
namespace_option = click.option(
    "--namespace",
    default=None,
    help="Which search, if the project has several, e.g. defects.nas.",
)
params_option = click.option(
    "--params",
    type=click.UNPROCESSED,
    default="",
    callback=_split_params,  # that of `kedro run`
    help="Parameters of the run, such as nas.budget_s=3600,nas.export.epochs=20",
)


def print_answer(value: Any, text: str, *, as_json: bool) -> None:
    """Print the JSON form or the human form of one answer."""
    shown = json.dumps(finite(value), indent=2, allow_nan=False) if as_json else text
    click.echo(shown, file=_answers.get())
