"""`kedro_nas.pipelines.search_space.nodes`: options of either kind, JSON out."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import JsonValue

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.pipelines.search_space import nodes
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import Verdict
from kedro_nas.space.search_space import SearchSpace


@pytest.fixture
def profile(results: JobResults) -> JsonValue:
    """Give the JSON of the profile of a small data set."""
    small = Verdict(n_train=1_000, n_folds=2, n_repeats=1, max_params_factor=0.5)
    update = {
        "image_shape": (12, 12, 1),
        "class_names": ("a", "b"),
        "verdict": small,
        "contact_sheet": {},
    }
    return results.dataset_profile.model_copy(update=update).to_json()


@pytest.mark.parametrize(
    "given", [{"preset": "tiny"}, SearchSpaceOptions(preset="tiny")]
)
def test_build_search_space_writes_plain_json(given, profile):
    """A mapping or an instance gives the file of a space."""
    written = nodes.build_search_space(profile, {}, given, 0)
    default = nodes.build_search_space(profile, {}, SearchSpaceOptions(), 0)

    assert SearchSpace.from_dict(written).preset == "tiny"
    assert "small data" in " ".join(default["bounds"]["reasons"])


def test_build_search_space_of_a_misspelt_option_names_the_right_one(profile):
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'kernel_size'"):
        nodes.build_search_space(profile, {}, {"kernel_sizes": [3]}, 0)


def test_stage_without_custom_blocks_needs_no_keras(profile):
    """The stage answers in a second, as nothing is built."""
    script = (
        "import sys\n"
        "from kedro_nas.pipelines.search_space import nodes\n"
        f"profile, options = {profile!r}, {{'preset': 'tiny'}}\n"
        "space = nodes.build_search_space(profile, {}, options, 0)\n"
        "nodes.draw_search_space(space, 0)\n"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
