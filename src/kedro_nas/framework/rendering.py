"""The files of a search as `kedro nas init` and the starter write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import yaml

from kedro_nas.errors import ParameterError
from kedro_nas.framework.yaml_text import split_entries
from kedro_nas.stages import SECTIONS

TEMPLATES = (
    "parameters_nas.yml",
    "catalog_nas.yml",
    "logging.yml",
    "smoke_parameters_nas.yml",
)
LOGGING = Path("conf/logging.yml")  # the one place where Kedro looks for it
SMOKE = Path("conf/smoke")
_FOLDER = "${globals:nas_folder,nas}"
_DEMO_PATH = "data/01_raw/fashion_mnist_12k.parquet"
_IMAGES_ENTRY = re.compile(r"^images:.*\n(?:^[ ].*\n)+", re.MULTILINE)

_HEADER = """\
# Every option of the search, with its unit, range and reason. What is left out keeps
# its default; a misspelt name is an error.
"""
_SMOKE_PARAMETERS = """\
# The whole job in about a minute, with less of everything, before the long one:
#   kedro run --pipelines <pipeline> --env smoke
# Options that are left out have their defaults, or, where settings.py merges parameters
# softly, those of conf/base. Credentials of conf/local are not read with --env smoke.
"""
_SMOKE_CATALOG = """\
# Results of --env smoke, in folders of their own, beside those of the real runs.

"""
_PIPELINE = '''"""Search for an image classifier, with kedro-nas."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline
from kedro_nas import create_pipeline as create_search


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the search; `images` of the pipeline is `{images}` of this project."""
    return create_search(namespace="{namespace}", inputs={{"images": "{images}"}})
'''


def render_files(
    code: Path,
    *,
    env: str = "base",
    namespace: str = "nas",
    pipeline_name: str = "nas",
    images: str = "images",
    path: str | None = None,
    preset: str | None = None,
    is_new: bool = True,
    names: Mapping[str, str] | None = None,
) -> dict[Path, str]:
    """Render parameters, catalog, pipeline folder, logging; nothing is written.

    Args:
        code: The project's package, relative to its root.
        env: Folder of `conf/`.
        namespace: Prefix of datasets and parameters.
        pipeline_name: Folder below `pipelines/`.
        images: Dataset that holds the images.
        path: Where the images of a new dataset are.
        preset: Preset of the search space.
        is_new: Whether the catalog needs an entry for the images.
        names: Our names of datasets to the project's, where its pipeline renames them.

    Returns:
        Path relative to the project's root, to text.
    """
    suffix, folder = namespace.replace(".", "_"), Path("conf") / env
    pipeline = _PIPELINE.format(namespace=namespace, images=images)
    return {
        folder / f"parameters_{suffix}.yml": _parameters(namespace, preset),
        folder / f"catalog_{suffix}.yml": _catalog(
            namespace, images, path, names or {}, is_new=is_new
        ),
        code / "pipelines" / pipeline_name / "__init__.py": pipeline,
        LOGGING: template(LOGGING.name),
    }


def render_smoke_files(
    *, namespace: str = "nas", names: Mapping[str, str] | None = None
) -> dict[Path, str]:
    """Render the environment `smoke`: the same job in about a minute.

    Its parameters are complete, as Kedro replaces a whole section by that of an
    environment unless told otherwise; its results have folders of their own.

    Args:
        namespace: Prefix of datasets and parameters.
        names: Our names of datasets to the project's, where its pipeline renames them.

    Returns:
        Path relative to the project's root, to text.
    """
    suffix, place = namespace.replace(".", "_"), f"{namespace.replace('.', '/')}_smoke"
    options = yaml.safe_load(template("smoke_parameters_nas.yml"))["nas"]
    value = {"seed": 0, "budget_s": None} | {s: options.get(s, {}) for s in SECTIONS}
    for part in reversed(namespace.split(".")):
        value = {part: value}
    catalog = SMOKE / f"catalog_{suffix}.yml"
    text = _catalog(namespace, "images", None, names or {}, is_new=False, place=place)
    entries = split_entries(text, str(catalog)).values()
    return {
        SMOKE / f"parameters_{suffix}.yml": _SMOKE_PARAMETERS
        + yaml.safe_dump(value, sort_keys=False),
        catalog: _SMOKE_CATALOG + "".join(e for e in entries if f"/{place}" in e),
    }


def template(name: str) -> str:
    """Read one file of the template: in a checkout, that is the one in conf/ itself.

    The wheel carries a copy, made when it is built (see setup.py).
    """
    shipped = files("kedro_nas.framework") / "template" / name
    if shipped.is_file():
        return shipped.read_text()
    conf = Path(__file__).parents[3] / "conf"
    folder = {LOGGING.name: "", "smoke_parameters_nas.yml": "smoke"}.get(name, "base")
    return (conf / folder / name.removeprefix("smoke_")).read_text()


def _parameters(namespace: str, preset: str | None) -> str:
    text = template("parameters_nas.yml")
    if preset is not None:
        text = _with_preset(text, preset)
    body = re.split(r"^nas:\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    *parents, last = namespace.split(".")
    deeper = "  " * len(parents)
    nested = "".join(f"{'  ' * n}{name}:\n" for n, name in enumerate(parents))
    body = re.sub(r"^(?=.)", deeper, body, flags=re.MULTILINE)
    return f"{_HEADER}{nested}{deeper}{last}:\n{body}"


def _with_preset(text: str, preset: str) -> str:
    presets = sorted(
        Path(file.name).stem
        for file in (files("kedro_nas.space") / "presets").iterdir()
        if file.name.endswith(".yml")
    )
    if preset not in presets:
        raise ParameterError(
            "unknown preset of the search space",
            received=repr(preset),
            allowed=", ".join(presets),
            remedy="Choose one of them",
        )
    replaced, count = re.subn(
        r"^(    preset: )\S+", rf"\g<1>{preset}", text, flags=re.MULTILINE
    )
    if count == 1:
        return replaced
    return text.replace("  search_space: {}", f"  search_space: {{preset: {preset}}}")


def _catalog(
    namespace: str,
    images: str,
    path: str | None,
    names: Mapping[str, str],
    *,
    is_new: bool,
    place: str | None = None,
) -> str:
    text = template("catalog_nas.yml")
    text = text.replace(_FOLDER, place or namespace.replace(".", "/"))
    text = re.sub(r"^# `nas_folder` is .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(
        r"^nas\.(\w+)",
        lambda found: names.get(found[1], f"{namespace}.{found[1]}"),
        text,
        flags=re.MULTILINE,
    )
    if is_new:
        text = text.replace("images:", f"{images}:", 1)
        return text.replace(_DEMO_PATH, path or "data/01_raw/images")
    return _IMAGES_ENTRY.sub(f"# `{images}` is this project's own\n", text)
