"""Networks that are known to be good, sized to what a machine can train in its time.

Their outlines are the portfolio (benchmarks/portfolio.py). Width is the surest way to
spend more multiply-adds: at 200 seconds on two cores candidate 0 reached 69.1 % and the
same with 64, 64, 128 and 256 channels 70.8 % on validation images of CIFAR-10, each
with more than forty epochs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from kedro_nas.space.architecture import Architecture
from kedro_nas.space.outlines import Outline, widest_network
from kedro_nas.space.search_space import SearchSpace

RACED = 2  # networks of a race: each further one takes seconds from the others
STARTS = 5  # networks that a search of the space begins with
MOST_PROVEN = {"race": RACED, "search": STARTS}  # by the plan of a job
STEM_WIDTHS = (64, 80, 96, 112, 128, 160, 192, 256)


@cache
def portfolio() -> tuple[Outline, ...]:
    """Return the shipped outlines, those that suit most data sets first."""
    text = Path(__file__).with_name("portfolio.yml").read_text()
    return tuple(Outline.model_validate(one) for one in yaml.safe_load(text))


def proven_networks(
    space: SearchSpace, max_macs: float, most: int = RACED
) -> tuple[Architecture, ...]:
    """Return the widest network of each outline that a budget affords.

    Args:
        space: Its choices and bounds are kept; outlines of blocks it does not have are
            left out, or the first is made of its blocks if it has none of them.
        max_macs: Multiply-adds of one image.
        most: Networks returned at most.

    Returns:
        In the order of the portfolio; candidate 0 in place of the first outline where
        that is not affordable.
    """
    allowed = [one for one in portfolio() if one.is_allowed(space)]
    first, *others = allowed or portfolio()[:1]
    start = widest_network(first, space, max_macs, STEM_WIDTHS) or space.anchors[0]
    found = {start.key: start}
    for other in others:
        if len(found) == most:
            break
        one = widest_network(other, space, max_macs, STEM_WIDTHS)
        if one is not None:
            found.setdefault(one.key, one)
    return tuple(found.values())
