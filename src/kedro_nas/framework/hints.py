"""Kedro errors that newcomers to the plugin meet, and what to do about each."""

from __future__ import annotations

import re

from kedro_nas import datasets

_HINTS = (
    (
        "ImportError",
        r"importing the '(?P<package>[\w.]+)\.pipelines\.(?P<name>\w+)' module",
        (
            "kedro-nas: Kedro looks for a folder of that name and passes over "
            "pipelines registered by hand. Write the folder with "
            "`kedro nas init --pipeline-name {name}`, or let "
            "src/<package>/pipelines/{name}/__init__.py contain "
            "`from kedro_nas import create_pipeline`."
        ),
    ),
    (
        "MissingConfigException",
        r"(?P<folder>\S*conf/\w+)",
        (
            "kedro-nas: Kedro needs that folder, even if it is empty. "
            "Make it: mkdir -p {folder}"
        ),
    ),
    (
        "ParserError",
        r"(?P<file>\S*_nas\.ya?ml)",
        (
            "kedro-nas: {file} is not valid YAML at the line named above. Correct it, "
            "or write it anew with `kedro nas init --force`."
        ),
    ),
    (
        "TypeError",
        r"Cannot merge incompatible container types",
        (
            "kedro-nas: one environment gives a list where another gives a mapping. "
            "Compare the parameters of conf/<env> (or --params) with conf/base; a "
            "section of nas: is a mapping such as `ranking: {{folds: 3}}`."
        ),
    ),
    (
        "ValueError",
        r"Duplicate keys found in \S+ and \S+: .*nas\b",
        (
            "kedro-nas: two files of one environment give the same option. Remove it "
            "from one of them; what shall replace the other goes to conf/local."
        ),
    ),
    (
        "AttributeError",
        r"cannot be used with multiprocessing:\s+\[.*\.workspace'",
        (
            "kedro-nas: run it with Kedro's default SequentialRunner. The search uses "
            "all cores by itself: see nas.search.workers."
        ),
    ),
    (
        "MlflowException",
        r"The filesystem tracking backend",
        (
            "kedro-nas: say where kedro-mlflow keeps runs. Write conf/base/mlflow.yml "
            "with `server:`, and below it `mlflow_tracking_uri: sqlite:///mlflow.db`."
        ),
    ),
    (
        "DatasetError",
        r"Dataset '\w+' not found in 'kedro_nas\.datasets'",
        f"kedro-nas: its datasets are {', '.join(datasets.__all__)}.",
    ),
    (
        "ValueError",
        r"Failed to find the pipeline named '(?P<name>\w+)'",
        (
            "kedro-nas: if '{name}' is to be the search, write its folder with "
            "`kedro nas init --pipeline-name {name}`."
        ),
    ),
)


# Its cause may be in the user's own code, so its traceback is shown as well.
WITH_TRACEBACK = ("ImportError",)


def hint_for(error: BaseException) -> str | None:
    """Say what to do about an error of Kedro's that our users meet, or nothing.

    >>> hint_for(ImportError("An error occurred while importing the "
    ...     "'host.pipelines.nas' module."))[:56]
    'kedro-nas: Kedro looks for a folder of that name and pas'
    """
    for kind, pattern, hint in _HINTS:
        found = re.search(pattern, str(error))
        if found and kind in {link.__name__ for link in type(error).__mro__}:
            return hint.format(**found.groupdict())
    return None
