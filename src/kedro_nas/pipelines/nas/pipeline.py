"""From images to an exported classifier: the six stages joined in a namespace.

Datasets and parameters are prefixed with the namespace of the search, `nas.trials`;
nodes with that of their stage as well, `nas.search.search_architectures`. kedro-viz
draws a box per namespace of nodes, and `kedro run --namespaces nas.search` runs one.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Iterable, Mapping

from kedro.pipeline import Node, Pipeline

from kedro_nas.errors import ParameterError
from kedro_nas.stages import LATER_STAGE_NAMES, STAGE_NAMES, stage_of

STAGES = STAGE_NAMES  # the job; a host may pass some of them as `stages`
LATER_STAGES = LATER_STAGE_NAMES  # others that a host may pass
PREFIX = "params:"
OF_THE_HOST = frozenset({"images", "images_new"})  # datasets that keep their names

_EVERY_STAGE = (*STAGES, *LATER_STAGES)

Names = str | Iterable[str] | Mapping[str, str]


def create_pipeline(
    *,
    namespace: str = "nas",
    inputs: Names | None = None,
    outputs: Names | None = None,
    parameters: Names | None = None,
    tags: str | Iterable[str] | None = None,
    stages: Iterable[str] = STAGES,
) -> Pipeline:
    """Join stages into one pipeline of a host project.

    Datasets become `<namespace>.<name>` and parameters
    `params:<namespace>.<stage>`; `images` and `images_new`, the user's own datasets,
    keep their names. Nodes become `<namespace>.<stage>.<name>`.

    Args:
        namespace: Prefix of nodes, datasets and parameters; dots nest, as in
            `defects.nas`.
        inputs: Names that are not prefixed, or a mapping from the pipeline's name
            to the host's, e.g. `{"images": "cleaned_images"}`. `images` and
            `images_new` are always taken from the host.
        outputs: Likewise for datasets that the pipeline writes, e.g.
            `{"model": "classifier"}`.
        parameters: Sections of options, `seed` or `budget_s` that are read from
            elsewhere, so that two searches can share them, e.g.
            `{"job": "shared.job", "seed": "shared.seed"}`.
        tags: Tags for all nodes, beside the name of their stage.
        stages: Which stages, in any order; by default the six from images to report.
            `prediction`, which classifies new images, is run on its own afterwards.

    Returns:
        A pipeline whose free inputs come from the host.

    Raises:
        ParameterError: An unknown stage, input, output or section, or no stage at all.

    >>> sorted(create_pipeline(stages=("search_space",)).outputs())
    ['nas.search_space_figure']
    """
    joined = sum((_boxed(name) for name in _ordered(stages)), start=Pipeline([]))
    mapped = _mapping(inputs, joined.inputs(), "inputs")
    for name in OF_THE_HOST & joined.inputs():
        mapped.setdefault(name, name)
    shared = _mapping(parameters, joined.inputs(), "parameters", are_parameters=True)
    return Pipeline(
        joined,
        namespace=_checked_namespace(namespace),
        inputs=mapped,
        outputs=_mapping(outputs, joined.all_outputs(), "outputs"),
        parameters={PREFIX + name: PREFIX + theirs for name, theirs in shared.items()},
        tags=tags,
    )


def host_names(node: Node) -> dict[str, str]:
    """Map the names of a node's inputs and outputs in this package to the host's names.

    Args:
        node: A node made by `create_pipeline`.

    Returns:
        For example `{"images": "cleaned_images", "dataset": "nas.dataset",
        "params:seed": "params:nas.seed", ...}`.

    >>> host_names(create_pipeline(namespace="a.nas").nodes[0])["images"]
    'images'
    """
    ours = _plain_nodes()[node.func.__name__]
    return dict(
        zip((*ours.inputs, *ours.outputs), (*node.inputs, *node.outputs), strict=True)
    )


def namespace_of(node: Node) -> str:
    """Return the namespace of the search that a node of this package belongs to.

    Args:
        node: A node made by `create_pipeline`, or by that of a stage.

    Returns:
        What its datasets are prefixed with; empty for none.

    >>> node = create_pipeline(namespace="a.nas").nodes[0]
    >>> node.name, namespace_of(node)
    ('a.nas.data_preparation.prepare_images', 'a.nas')
    """
    namespace = node.namespace or ""
    search, _, last = namespace.rpartition(".")
    return search if last == stage_of(node.func.__name__) else namespace


@functools.cache
def _plain_nodes() -> dict[str, Node]:
    nodes = (node for stage in _EVERY_STAGE for node in _stage(stage).nodes)
    return {node.func.__name__: node for node in nodes}


def _stage(name: str) -> Pipeline:
    module = importlib.import_module(f"kedro_nas.pipelines.{name}.pipeline")
    return Pipeline(module.create_pipeline(), tags=name)


def _boxed(name: str) -> Pipeline:
    return Pipeline(_stage(name), namespace=name, prefix_datasets_with_namespace=False)


def _ordered(stages: Iterable[str]) -> list[str]:
    names = [stages] if isinstance(stages, str) else list(stages)
    for name in names:
        if name not in _EVERY_STAGE:
            raise _unknown("stage", name, _EVERY_STAGE)
    if not names:
        raise ParameterError(
            "a pipeline without stages does nothing",
            received="stages=()",
            allowed=", ".join(_EVERY_STAGE),
            remedy="Name at least one stage",
        )
    return [name for name in _EVERY_STAGE if name in names]


def _mapping(
    names: Names | None,
    known: Iterable[str],
    argument: str,
    *,
    are_parameters: bool = False,
) -> dict[str, str]:
    if names is None:
        return {}
    if isinstance(names, str):
        names = [names]
    mapped = dict(names) if isinstance(names, Mapping) else {n: n for n in names}
    if are_parameters:  # Kedro's own notation, with the prefix, is accepted as well
        mapped = {_bare(name): _bare(theirs) for name, theirs in mapped.items()}
    known = [_bare(n) for n in known if n.startswith(PREFIX) is are_parameters]
    for name in mapped:
        if name not in known:
            raise _unknown(f"name in `{argument}`", name, sorted(known))
    return mapped


def _bare(name: str) -> str:
    return name.removeprefix(PREFIX)


def _checked_namespace(namespace: str) -> str:
    if not all(part.isidentifier() for part in namespace.split(".")):
        raise ParameterError(
            "the namespace cannot prefix datasets and parameters",
            received=repr(namespace),
            allowed="identifiers joined by dots, such as 'nas' or 'defects.nas'",
            remedy="Choose another namespace",
        )
    return namespace


def _unknown(what: str, name: str, known: Iterable[str]) -> ParameterError:
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    remedy = f"Did you mean '{close[0]}'?" if close else "Choose among those allowed"
    return ParameterError(
        f"unknown {what}",
        received=repr(name),
        allowed=", ".join(known),
        remedy=remedy,
    )
