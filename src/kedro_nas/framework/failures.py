"""How a run ends that cannot go on: one message, no traceback from below.

Set the environment variable `KEDRO_NAS_TRACEBACK=1` to see the traceback as well.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import click
from kedro.io.core import DatasetError
from kedro.validation.exceptions import ParameterValidationError

from kedro_nas.errors import KedroNasError, ParameterError
from kedro_nas.framework.hints import WITH_TRACEBACK, hint_for
from kedro_nas.parameters.base import Options
from kedro_nas.pipelines.nas.pipeline import STAGES

SWITCH = "KEDRO_NAS_TRACEBACK"


def install(context: Any) -> None:
    """Wrap `sys.excepthook` once, and silence repeats in Kedro's log.

    Args:
        context: Kedro's context, whose parameters are named in messages.
    """
    previous = getattr(sys.excepthook, "wrapped", sys.excepthook)

    def excepthook(
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        text = message_of(error, context)
        hint = hint_for(error)
        if text is None and hint and kind.__name__ not in WITH_TRACEBACK:
            text = f"{kind.__name__}: {error}"
        if text is None or os.environ.get(SWITCH):
            previous(kind, error, traceback)
        said = "\n".join(part for part in (text, hint) if part)
        sys.stderr.write(f"\n{said}\n" if said else "")

    excepthook.wrapped = previous  # type: ignore[attr-defined]
    sys.excepthook = excepthook
    for name in ("kedro.pipeline.node", "kedro.validation.parameter_validator"):
        logger = logging.getLogger(name)
        if not any(isinstance(item, _Repeats) for item in logger.filters):
            logger.addFilter(_Repeats())


def message_of(error: BaseException, context: Any = None) -> str | None:
    """Say in one message what an error of ours means.

    Args:
        error: What ended the run.
        context: Kedro's context, to name all faults of parameters; may be None.

    Returns:
        The message, or None if the error is not ours to explain.
    """
    for link in _chain(error):
        if isinstance(link, KedroNasError):
            return f"{type(link).__name__}: {link}"
    if isinstance(error, ParameterValidationError):
        return _faults(error, context)
    if isinstance(error, DatasetError) and "kedro_nas.datasets" in str(error):
        return f"{type(error).__name__}: {error}"
    return None


def _faults(error: ParameterValidationError, context: Any) -> str | None:
    """Say all faults in our grammar; Kedro's own text has neither remedy nor hint."""
    from kedro.framework.project import pipelines
    from kedro.validation import TypeExtractor

    scope = getattr(context, "_pipelines_to_validate", None)
    chosen = {n: p for n, p in pipelines.items() if scope is None or n in scope}
    types = TypeExtractor(chosen).extract_types_from_pipelines()
    parameters = context.config_loader["parameters"] if context else {}
    texts, ours = [], 0
    for key, model in types.items():
        if isinstance(model, type) and issubclass(model, Options):
            text = _fault(model, key, _value(parameters, key))
            texts.extend([f"ParameterError: {text}"] if text else [])
            ours += bool(text)
    foreign = [
        line
        for line in str(error).splitlines()
        if line.startswith("- Parameter '") and not _is_ours(line)
    ]
    return "\n".join(texts + foreign) if ours else None


def _fault(model: type[Options], key: str, value: Any) -> str | None:
    leaf = key.rpartition(".")[2]
    if value is None:
        return str(
            ParameterError(
                f"the parameters '{key}' are null",
                received=f"`{leaf}:` with nothing after it",
                allowed="a mapping",
                remedy=f"Write `{leaf}: {{}}` for the defaults",
            )
        )
    try:
        model.at_the_door(value, where=key)
    except ParameterError as error:
        return str(error)
    return None


def _value(parameters: Any, key: str) -> Any:
    if key in parameters:
        return parameters[key]
    for part in key.split("."):
        if not isinstance(parameters, dict) or part not in parameters:
            return {}  # missing: another check's business
        parameters = parameters[part]
    return parameters


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _is_ours(line: str) -> bool:
    key = line.partition("Parameter '")[2].partition("'")[0]
    return key.rpartition(".")[2] in STAGES


class _Repeats(logging.Filter):
    """Drop the log lines that would say the final message a first time.

    Only within a command of the `kedro` program, where that message is sure to be
    printed; sessions in notebooks and schedulers keep Kedro's log as it is.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR or os.environ.get(SWITCH):
            return True
        if click.get_current_context(silent=True) is None:
            return True
        error = sys.exc_info()[1]
        if error is not None and any(
            isinstance(link, KedroNasError) for link in _chain(error)
        ):
            return False
        text = record.getMessage()
        return not (text.startswith("Parameter '") and _is_ours(text))
