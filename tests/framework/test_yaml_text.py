"""`kedro_nas.framework.yaml_text`: entries move, everything around them stays."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.errors import ParameterError
from kedro_nas.framework.rendering import template
from kedro_nas.framework.yaml_text import (
    add_entries,
    drop_entries,
    entry_names,
    split_entries,
)

FILE = """\
# about the file

# about a
a:  # beside a
  x: 1
  # within a

b: 2

# about nothing
"""
NEW = {"export": "# about export\nexport:\n  formats: [keras]\n", "n": "n: 3\n"}


def test_split_entries_takes_the_comments_of_each() -> None:
    """What stands right above an entry, beside it and within it is its own."""
    found = split_entries(FILE, "f")

    assert found["a"] == "# about a\na:  # beside a\n  x: 1\n  # within a\n"
    assert found["b"].startswith("b: 2\n")


def test_split_entries_of_a_nested_mapping_are_not_indented() -> None:
    """They can be added elsewhere, at another depth."""
    found = split_entries("defects:\n    nas:\n        # one\n        a: {b: 1}\n", "f",
                          ["defects", "nas"])  # fmt: skip

    assert found == {"a": "# one\na: {b: 1}\n"}


@pytest.mark.parametrize("name", ["parameters_nas.yml", "catalog_nas.yml"])
def test_split_entries_of_the_template_lose_nothing(name: str) -> None:
    """Each entry alone is what it is in the file."""
    text = template(name)
    path = ["nas"] if name.startswith("parameters") else []
    whole = yaml.safe_load(text)
    whole = whole["nas"] if path else whole
    parts = {
        key: yaml.safe_load(block)[key]
        for key, block in split_entries(text, name, path).items()
    }

    assert parts == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "other: 1",
        "nas:\n",
        "nas: {}\n",
        "nas: {seed: 7}\n",
        "nas: {seed: 7,}  # mine\n",
        "nas: {\n  seed: 7,  # mine\n}\nother: 1\n",
        "{nas: {seed: 7}, other: 1}\n",
        "nas:\n    seed: 7\n    search:\n        a: 1\n    # end\n\n# about z\nz: 1\n",
        "nas:\n  seed: 7\n  text: |\n    # no comment\n    more\n",
    ],
)
def test_add_entries_adds_and_keeps_every_line(text: str) -> None:
    """Whatever the layout, old lines stay and the new entries are there."""
    added = add_entries(text, NEW, "f", ["nas"])
    old = yaml.safe_load(text) or {}
    expected = {**(old.get("nas") or {}), "export": {"formats": ["keras"]}, "n": 3}

    assert yaml.safe_load(added) == {**old, "nas": expected}
    left = iter(added)
    assert all(character in left for character in text)


def test_add_entries_of_the_file_are_a_paragraph_each() -> None:
    """The comment comes along."""
    added = add_entries(FILE, {"c": "# about c\nc:\n  y: 1\n"}, "f")

    assert added == FILE + "\n# about c\nc:\n  y: 1\n"


@pytest.mark.parametrize("text", ["nas: 3\n", "nas: [1]\n"])
def test_add_entries_where_no_mapping_is_says_so(text: str) -> None:
    """A value of another kind is not replaced."""
    with pytest.raises(ParameterError, match="there is no place for export"):
        add_entries(text, NEW, "f", ["nas"])


@given(st.sets(st.sampled_from("abcd")))
def test_drop_entries_leaves_the_others(keys: set[str]) -> None:
    """Entries go with their comments."""
    text = "".join(f"# about {key}\n{key}:\n  x: 1\n\n" for key in "abcd")
    left = drop_entries(text, keys, "f")

    assert set(yaml.safe_load(left) or {}) == set("abcd") - keys
    assert all((f"about {key}" in left) is (key not in keys) for key in "abcd")


@pytest.mark.parametrize("text", ["nas: [", "- a\n- b\n", "a: 1\n b: 2\n"])
def test_entry_names_of_what_is_no_mapping_names_the_file(text: str) -> None:
    """Broken YAML ends in one message that names the file."""
    with pytest.raises(ParameterError, match=r"'conf/base/x\.yml' cannot be read"):
        entry_names(text, "conf/base/x.yml")


@pytest.mark.parametrize(
    ("path", "names"),
    [((), ("nas", "n")), (("nas",), ("a", "b")), (("nas", "b"), ()), (("x", "y"), ())],
)
def test_entry_names_are_the_keys_at_a_path(
    path: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Where there is no mapping, there are no entries."""
    assert entry_names("nas: {a: {}, b: 1}\nn: 2\n", "f", path) == names
    assert entry_names("", "f", path) == ()
