"""Commands that pages and messages name, in a host whose default does without us."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from tests.host_project.conftest import Host, draw_images

from kedro_nas import create_pipeline

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RUNS = re.compile(r"kedro run [^`#\n]*(?:\n(?=nas\.)[^`#\n]*)?")


@pytest.fixture(scope="module")
def apart(ready_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Keep the search out of a plain `kedro run`, as `kedro nas init` advises."""
    root = tmp_path_factory.mktemp("apart") / "host"
    shutil.copytree(ready_host.root, root)
    host = Host(root)
    said = host.kedro("nas", "init", "--update").stdout
    advice = said[said.index("pipelines[") :].partition("\n  ")[0]
    advice += said[said.index(advice) + len(advice) :].partition("\n  2")[0]
    lines = advice.partition("\n  3.")[0].splitlines()
    registry = (host.package / "pipeline_registry.py").read_text()
    begin, found, end = registry.rpartition("    return ")
    added = "    " + " ".join(line.strip() for line in lines[:2]) + "\n"
    host.write("src/host/pipeline_registry.py", f"{begin}{added}{found}{end}")
    draw_images(host.root / "data/01_raw/images", per_class=12)
    return host


def test_pages_run_pipelines_and_nodes_that_the_host_has(apart: Host) -> None:
    """A host made by `init` has no pipeline per stage; no page runs one."""
    listed = apart.kedro("registry", "list").stdout
    registered = set(re.findall(r"^- (\w+)$", listed, re.MULTILINE))
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    # made as other parts of their pages say
    registered |= {"team", "scratches_nas", "prediction"}
    nodes = {node.name for node in create_pipeline().nodes}
    tags = {tag for node in create_pipeline().nodes for tag in node.tags}
    unknown = []
    for page in pages:
        text = page.read_text().replace("\\\n", " ")  # commands of several lines
        for command in RUNS.findall(text):
            words = shlex.split(command.partition('",')[0])  # in a string of Python
            options = dict(itertools.pairwise(words))
            named = {
                "--pipelines": registered,
                "--nodes": nodes,
                "--tags": tags,
            }
            unknown += [
                (page.name, command)
                for option, known in named.items()
                if option in options and not set(options[option].split(",")) <= known
            ]

    assert "nas" in registered
    assert unknown == []


def test_advice_of_a_message_works_where_the_default_does_without_us(
    apart: Host,
) -> None:
    """What a message says to run is run as it stands, and ends well."""
    plain = apart.kedro("run", "--nodes", "nas.search_space.build_search_space")
    early = apart.kedro(
        "run", "--pipelines", "nas", "--nodes", "nas.search_space.build_search_space"
    )
    (advised,) = re.findall(r"Write it first: kedro (.+)\.$", early.stderr.strip())
    done = apart.kedro(*shlex.split(advised))

    assert plain.returncode == 1  # not one of ours any more, and Kedro says so
    assert "kedro-nas" not in plain.stderr
    assert early.returncode == 1
    assert done.returncode == 0, done.stderr
    assert "kedro run --pipelines nas" in apart.kedro("nas", "status").stdout


@pytest.mark.parametrize(
    "changes",
    [
        {},  # as printed
        {  # without our package
            "ext://kedro_nas.framework.log_output.STREAM": "ext://sys.stderr",
            "ext://kedro_nas.framework.log_output.HANDLERS": "[console]",
        },
    ],
)
def test_json_of_a_project_that_logs_as_our_page_says_is_alone(
    searching_host: Host, changes: dict[str, str]
) -> None:
    """All of standard output is one JSON value, Kedro's and telemetry's logs apart."""
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0]
    for ours, theirs in changes.items():
        assert ours in text
        text = text.replace(ours, theirs)
    searching_host.write("conf/logging.yml", text)
    done = searching_host.kedro("nas", "status", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["namespace"] == "nas"
    assert "as logging configuration" in done.stderr
