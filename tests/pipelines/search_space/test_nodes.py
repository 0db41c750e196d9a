"""`kedro_nas.pipelines.search_space.nodes`: options of either kind, JSON out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.pipelines.search_space import nodes
from kedro_nas.space.search_space import SearchSpace

PROFILE = {
    "image_shape": [12, 12, 1],
    "class_names": ["a", "b"],
    "verdict": {"n_train": 1_000, "max_params_factor": 0.5},
}


@pytest.mark.parametrize(
    "given", [{"preset": "tiny"}, SearchSpaceOptions(preset="tiny")]
)
def test_build_search_space_writes_plain_json(given):
    """A mapping or an instance gives the file of a space."""
    written = nodes.build_search_space(PROFILE, {}, given, 0)

    assert SearchSpace.from_dict(written).preset == "tiny"
    assert "small data" in " ".join(
        nodes.build_search_space(PROFILE, {}, SearchSpaceOptions(), 0)["bounds"][
            "reasons"
        ]
    )


def test_build_search_space_of_a_misspelt_option_names_the_right_one():
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'kernel_size'"):
        nodes.build_search_space(PROFILE, {}, {"kernel_sizes": [3]}, 0)


def test_stage_without_custom_blocks_needs_no_keras():
    """The stage answers in a second, as nothing is built."""
    script = (
        "import sys\n"
        "from kedro_nas.pipelines.search_space import nodes\n"
        f"profile, options = {PROFILE!r}, {{'preset': 'tiny'}}\n"
        "space = nodes.build_search_space(profile, {}, options, 0)\n"
        "nodes.draw_search_space(space, 0)\n"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
