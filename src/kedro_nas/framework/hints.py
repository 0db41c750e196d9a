"""Kedro errors that newcomers to the plugin meet, and what to do about each."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import re
import shlex
from pathlib import Path

import yaml

from kedro_nas import datasets
from kedro_nas.framework.registered import init_command, registered_nodes
from kedro_nas.pipelines.nas.pipeline import namespace_of

_HINTS = (
    (
        "MissingConfigException",
        # not the folders that Kedro names when a file within them is missing
        r"not a valid directory: (?P<folder>(?![^\n]* Error: )[^\n]+)",
        (
            "kedro-nas: Kedro needs that folder, even if it is empty. "
            "{environments}Make it: mkdir -p {folder}"
        ),
    ),
    (
        "ParserError",
        r"(?P<file>\S*_nas\.ya?ml)",
        (
            "kedro-nas: {file} is not valid YAML{place}. Correct it, "
            "or move it away and write it anew with `{command}`."
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
        # a file of ours, or a name of ours in any file
        r"Duplicate keys found in (\S*_nas\.ya?ml|\S+ and (\S*_nas\.ya?ml|.*nas\b))",
        (
            "kedro-nas: two files of one environment give the same name. Remove it "
            "from one of them; what shall replace the other goes to conf/local."
        ),
    ),
    (
        "AttributeError",
        r"cannot be used with multiprocessing:\s+\[.*\.workspace'",
        (
            "kedro-nas: run it with Kedro's default SequentialRunner. The search uses "
            "all cores by itself: see nas.job.workers."
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
        r"(?P<dataset>\w+)\.__init__\(\) got an unexpected[\s\S]*kedro_nas\.datasets",
        "kedro-nas: {dataset} takes {arguments}.",
    ),
    (
        "DatasetError",
        r"Dataset '\w+' not found in 'kedro_nas\.datasets'",
        f"kedro-nas: its datasets are {', '.join(datasets.__all__)}.",
    ),
)


# Its cause may be in the user's own code, so its traceback is shown as well.
WITH_TRACEBACK = ("ImportError",)


def hint_for(error: BaseException) -> str | None:
    """Return what to do about an error of Kedro's that our users meet, or None.

    >>> hint_for(TypeError("Cannot merge incompatible container types"))[:38]
    'kedro-nas: one environment gives a lis'
    """
    for kind, pattern, hint in _HINTS:
        found = re.search(pattern, str(error))
        if found and kind in {link.__name__ for link in type(error).__mro__}:
            groups = found.groupdict()
            if "folder" in groups:
                folder = Path(groups["folder"].strip())
                groups["environments"] = _environments_beside(folder)
                groups["folder"] = shlex.quote(str(folder))
            if "dataset" in groups:
                groups["arguments"] = _arguments_of(groups["dataset"])
            if "file" in groups:
                groups["command"] = init_command(_namespace_of(groups["file"]))
                groups["place"] = _place_of_the_fault(groups["file"])
            return hint.format(**groups)
    return None


def _arguments_of(dataset: str) -> str:
    known = inspect.signature(getattr(datasets, dataset)).parameters
    return ", ".join(known)


def _environments_beside(folder: Path) -> str:
    """Return the environments of the project, where a misspelt one may be meant."""
    if folder.name in {"base", "local"} or not folder.parent.is_dir():
        return ""
    known = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
    close = difflib.get_close_matches(folder.name, known, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    return f"The environments are {', '.join(known)}. {meant}"


def _place_of_the_fault(file: str) -> str:
    """Return where a file is no YAML; Kedro says line 1 whatever the line is."""
    try:
        yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}" if mark else ""
        return f"{where} ({error.problem})"
    except (OSError, ValueError, yaml.YAMLError):
        pass
    return ""


def _namespace_of(file: str) -> str:
    """Return the search that a file of ours belongs to, by what is registered."""
    try:
        known = {namespace_of(node) for node in registered_nodes()}
    except Exception:  # noqa: BLE001 - the host's own code, which Kedro reports
        known = set()
    stem = Path(file).stem
    fitting = [n for n in known if n and stem.endswith(f"_{n.replace('.', '_')}")]
    return max(fitting, key=len, default="nas")


def hint_for_unregistered(error: BaseException) -> str | None:
    """Return what to do about a search that is registered where Kedro does not look.

    Kedro passes over a pipeline that is registered by hand beside `find_pipelines`.
    A name that the registry lacks is Kedro's to explain, unless it is nearly ours.
    """
    found = _UNFOUND.search(str(error))
    if not found or error.__cause__ or not isinstance(error, ImportError):
        return None
    if meant := _meant_by(found["package"], found["name"]):
        return (
            f"kedro-nas: there is no pipeline '{found['name']}'. Did you mean "
            f"'{meant}'? `kedro registry list` lists all."
        )
    registry = _source_of(f"{found['package']}.pipeline_registry")
    named = re.search(rf"""["']{found["name"]}["']""", registry)
    if "kedro_nas" not in registry or not named:
        return None
    spaces = set(_NAMESPACE.findall(registry))
    command = init_command(spaces.pop() if len(spaces) == 1 else "nas")
    return (
        "kedro-nas: Kedro looks for a folder of that name and passes over pipelines "
        "registered by hand. Write the folder with "
        f"`{command} --pipeline-name {found['name']}`, or let "
        f"src/{found['package']}/pipelines/{found['name']}/__init__.py contain "
        "`from kedro_nas import create_pipeline`."
    )


def is_misspelt_pipeline(error: BaseException) -> bool:
    """Return whether a pipeline's name was misspelt; then no traceback helps."""
    found = _UNFOUND.search(str(error))
    return bool(found and _meant_by(found["package"], found["name"]))


def _meant_by(package: str, name: str) -> str | None:
    """Return the folder of a search of ours whose name is close to an unknown one."""
    try:
        spec = importlib.util.find_spec(f"{package}.pipelines")
    except ImportError:
        return None
    folders = [Path(p) for p in (spec and spec.submodule_search_locations) or ()]
    if any((folder / name).exists() for folder in folders):
        return None
    ours = [
        file.parent.name
        for folder in folders
        for file in folder.glob("*/__init__.py")
        if "kedro_nas" in file.read_text(encoding="utf-8", errors="replace")
    ]
    return next(iter(difflib.get_close_matches(name, ours, n=1)), None)


_UNFOUND = re.compile(
    r"importing the '(?P<package>[\w.]+)\.pipelines\.(?P<name>\w+)' module"
)


_NAMESPACE = re.compile(r"""namespace\s*=\s*["']([\w.]+)["']""")


def _source_of(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return ""
    if spec is None or not spec.origin:
        return ""
    return Path(spec.origin).read_text(encoding="utf-8", errors="replace")
