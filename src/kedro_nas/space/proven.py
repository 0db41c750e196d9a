"""Networks that are known to be good, sized to what a machine can train in its time.

Width is the surest way to spend more multiply-adds: at 200 seconds on two cores
candidate 0 reached 69.1 % and the same with 64, 64, 128 and 256 channels 70.8 % on
validation images of CIFAR-10, each with more than forty epochs.
"""

from __future__ import annotations

from kedro_nas.space.anchors import outline, spell_code
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import count_macs
from kedro_nas.space.search_space import SearchSpace

STEM_WIDTHS = (64, 80, 96, 112, 128, 160, 192, 256)


def proven_networks(space: SearchSpace, max_macs: float) -> tuple[Architecture, ...]:
    """Return the widest proven network of each outline that a budget affords.

    Args:
        space: Its choices and bounds are kept; its first anchors are the narrowest.
        max_macs: Multiply-adds of one image.

    Returns:
        Plain convolutions first, which others have to beat, then residual blocks;
        candidate 0 itself where nothing wider is affordable.
    """
    plain = _widest(space, "conv", max_macs) or space.anchors[0]
    residual = _widest(space, "residual", max_macs)
    found = (plain, *([] if residual is None else [residual]))
    return tuple({one.key: one for one in found}.values())


def _widest(space: SearchSpace, block: str, max_macs: float) -> Architecture | None:
    """Return the widest network of an outline within a limit, None if none is."""
    best: tuple[int, Architecture] | None = None
    for width in STEM_WIDTHS:
        code = outline(space.input_shape, block, width, doubling=True)
        one = space.decode(spell_code(space.choices, code))
        macs = count_macs(one)
        if macs > max_macs or not _fits(space, one):
            continue
        if best is None or macs > best[0]:
            best = (macs, one)
    return None if best is None else best[1]


def _fits(space: SearchSpace, one: Architecture) -> bool:
    """Return whether a network fits the bounds other than that of multiply-adds."""
    bounds = space.bounds.measured(None)
    return space.model_copy(update={"bounds": bounds}).is_feasible(one)[0]
