"""The first weights of blocks and attentions that only the larger network has."""

from __future__ import annotations

from collections.abc import Iterator

from kedro_nas.space.growing_graph import GrowingGraph, GrowthError, LayerStart
from kedro_nas.space.layer_graph import Node

_GATE = 0.5  # sigmoid(0), what a gate gives whose last layer is zero
_WEIGHTED = frozenset({"Conv2D", "Conv1D", "Dense"})  # of the scores of a gate
_CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2D"})
_SCALABLE = frozenset({"BatchNormalization", *_CONVOLUTIONS})


def start_inserted_layers(graph: GrowingGraph) -> dict[str, str]:
    """Decide the first weights of all new layers, so that they change no output.

    Args:
        graph: Gets the starts.

    Returns:
        By new layer that others read: the layer whose output it passes on.

    Raises:
        GrowthError: A new layer would change the function; names the reason.
    """
    passes: dict[str, str] = {}
    for group in _groups(graph):
        members = {one.name for one in group}
        inputs = {name for one in group for name in one.inputs} - members
        outputs = [
            one.name
            for one in group
            if any(reader not in members for reader in graph.readers(one.name))
        ]
        if len(inputs) != 1 or len(outputs) != 1:
            raise GrowthError(f"the new layers at {group[0].name} are not one block")
        (before,) = inputs
        _pass_on(graph, members, before, outputs[0])
        passes[outputs[0]] = before
    return passes


def _groups(graph: GrowingGraph) -> Iterator[list[Node]]:
    """Yield new layers that follow each other without an old one between them."""
    group: list[Node] = []
    for node in graph.large.values():
        if graph.is_new(node.name) and (not group or _same_place(group[-1], node)):
            group.append(node)
            continue
        if group:
            yield group
        group = [node] if graph.is_new(node.name) else []
    if group:
        yield group


def _same_place(one: Node, other: Node) -> bool:
    """Return whether two layers are of one block."""
    return _block_of(one.name) == _block_of(other.name)


def _block_of(name: str) -> str:
    """Return the block of a layer.

    >>> _block_of("stage2_block1_se_conv1")
    'stage2_block1'
    """
    return "_".join(name.split("_")[:2])


def _pass_on(graph: GrowingGraph, members: set[str], before: str, output: str) -> None:
    """Make new layers give back what they read."""
    node = _neutral_gates(graph, graph.large[output], members)
    if node.name == before:
        return  # there was nothing but gates
    is_activated = node.kind == "Activation"
    if is_activated:
        if not (_is_relu(node) and _is_relu(graph.source(before))):
            raise GrowthError(
                f"{node.name} would apply an activation a second time, which changes "
                "nothing with relu alone"
            )
        node = graph.source(node.inputs[0])
    if node.kind == "Add" and before in node.inputs:
        for branch in node.inputs:
            if branch != before:
                _end_in_zeros(graph, graph.source(branch), members)
    elif node.kind == "BatchNormalization" and is_activated:
        _start_as_identity(graph, node, before)
    else:
        raise GrowthError(f"the new layers that end in {output} have no shortcut")


def _neutral_gates(graph: GrowingGraph, node: Node, members: set[str]) -> Node:
    """Set the gates at the end of new layers to one half, and double what they read.

    Returns:
        The layer whose output the gates multiply.
    """
    factor = 1.0
    while node.kind == "Multiply" and node.name in members:
        x, gate = node.inputs
        _zero_scores(graph, graph.source(gate), members)
        factor /= _GATE
        node = graph.source(x)
    if factor > 1:
        _scale_output(graph, node, factor, members)
    return node


def _zero_scores(graph: GrowingGraph, node: Node, members: set[str]) -> None:
    """Set the layers to zero whose outputs are the scores of a gate."""
    if node.name not in members:
        raise GrowthError(f"the gate of a new attention reads {node.name}")
    if node.kind in _WEIGHTED:
        graph.starts[node.name] = LayerStart("zero")
    elif node.kind in {"Reshape", "Add"} or _activation(node) == "sigmoid":
        for name in node.inputs:
            _zero_scores(graph, graph.source(name), members)
    else:
        raise GrowthError(f"the gate of a new attention ends in {node.kind}")


def _scale_output(
    graph: GrowingGraph, node: Node, factor: float, members: set[str]
) -> None:
    """Scale the output of a layer, which new layers alone read, by its weights."""
    allowed = members
    while set(graph.readers(node.name)) <= allowed:
        if node.kind in _SCALABLE:
            graph.scale(node.name, factor)
            return
        if not _is_relu(node):
            break
        allowed, node = {node.name}, graph.source(node.inputs[0])
    raise GrowthError(f"{node.name} cannot be scaled to undo a new gate after it")


def _end_in_zeros(graph: GrowingGraph, node: Node, members: set[str]) -> None:
    """Make the branch of a new block give zeros."""
    if node.name not in members:
        raise GrowthError(f"a new block reads {node.name} beside its input")
    if node.kind in _SCALABLE:
        graph.starts[node.name] = LayerStart("zero")
    elif node.kind == "MultiHeadAttention":
        graph.starts[node.name] = LayerStart("zero_output")
    elif node.kind in {"Add", "Reshape"}:
        for name in node.inputs:
            _end_in_zeros(graph, graph.source(name), members)
    elif node.kind == "Multiply":
        _end_in_zeros(graph, graph.source(node.inputs[0]), members)
    else:
        raise GrowthError(f"the branch of a new block ends in {node.kind}")


def _start_as_identity(graph: GrowingGraph, norm: Node, before: str) -> None:
    """Make convolutions and the norm after them give back what they read."""
    source = graph.source(before)
    earlier = graph.source(source.inputs[0])
    if not _is_relu(source) or earlier.kind != "BatchNormalization":
        raise GrowthError(f"{before}, before a new block, has no norm with relu")
    node = graph.source(norm.inputs[0])
    while node.name != before:
        source = graph.source(node.inputs[0])
        is_same = node.kind in _CONVOLUTIONS and node.shape == source.shape
        if not is_same:
            raise GrowthError(f"{node.name} cannot start as the identity")
        graph.starts[node.name] = LayerStart("identity")
        node = source
    # behind another new block the values are still those of the last old norm
    begun = graph.starts.get(earlier.name)
    first = begun.norm if begun and begun.kind == "undone_norm" else earlier.name
    graph.starts[norm.name] = LayerStart("undone_norm", norm=first)


def _is_relu(node: Node) -> bool:
    return _activation(node) == "relu"


def _activation(node: Node) -> str:
    """Return the name of a layer's activation, empty if it is none."""
    return str(node.layer.config["activation"]) if node.kind == "Activation" else ""
