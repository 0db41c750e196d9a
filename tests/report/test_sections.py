"""`kedro_nas.report.sections`: the sections of the page."""

from __future__ import annotations

from kedro_nas.environment import Environment
from kedro_nas.records.job import JobResults
from kedro_nas.report.page import TEMPLATES
from kedro_nas.report.sections import all_sections, byline


def test_each_section_has_a_template_of_its_name() -> None:
    """The page includes them by their ids, which are its anchors, too."""
    sections = all_sections(has_custom=True)

    assert all((TEMPLATES / f"{one.id}.html.j2").exists() for one in sections)
    assert [one.id for one in sections][::10] == ["answer", "custom"]


def test_sections_that_wait_say_what_for() -> None:
    """The others have nothing to say."""
    found = {one.id: one.missing for one in all_sections(missing={"costs": "Wait."})}

    assert found["costs"] == "Wait."
    assert set(found.values()) == {"", "Wait."}


def test_byline_names_what_is_known(results: JobResults) -> None:
    """Before the data are prepared nothing identifies a job."""
    environment = Environment(versions={"kedro-nas": "1.2.3"})

    assert byline(None, None, None) == []
    assert byline(results.dataset_profile, 0, environment) == [
        "Pixels 28\N{MULTIPLICATION SIGN}28\N{MULTIPLICATION SIGN}1",
        "seed 0",
        "data 9f3c1a77b2e04d55",
        "kedro-nas 1.2.3",
    ]
