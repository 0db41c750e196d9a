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


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a b", "", "#x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
    ),
    max_leaves=5,
)
_FILES = st.dictionaries(st.sampled_from("abcd"), _VALUES, max_size=4)


@given(old=_FILES, new=_VALUES, in_braces=st.booleans())
def test_add_entries_then_drop_them_is_where_it_began(
    old: dict[str, object], new: object, *, in_braces: bool
) -> None:
    """Whatever a file holds, what is added is read back, and leaves with its name."""
    text = yaml.safe_dump(old, default_flow_style=in_braces) if old else ""
    entry = {"new": "# mine\n" + yaml.safe_dump({"new": new})}
    added = add_entries(text, entry, "f")

    assert yaml.safe_load(added) == {**old, "new": new}
    if not (old and in_braces):
        left = drop_entries(added, {"new"}, "f")
        assert (yaml.safe_load(left) or {}) == old
        assert "# mine" not in left


@given(old=_FILES)
def test_split_entries_of_any_file_are_entries_of_their_own(
    old: dict[str, object],
) -> None:
    """Each piece is YAML with one key, and together they are the file."""
    text = yaml.safe_dump(old) if old else ""
    parts = [yaml.safe_load(part) for part in split_entries(text, "f").values()]

    assert all(len(part) == 1 for part in parts)
    assert {key: value for part in parts for key, value in part.items()} == old


def test_add_entries_of_nothing_is_the_text_itself() -> None:
    """Not even a broken file is touched where there is nothing to add."""
    assert add_entries("nas: [", {}, "f", ["nas"]) == "nas: ["


def test_add_entries_makes_what_leads_to_them() -> None:
    """Two levels that are missing are written, each with its indent."""
    added = add_entries("a: 1\n", NEW, "f", ["defects", "nas"])

    assert yaml.safe_load(added) == {
        "a": 1,
        "defects": {"nas": {"export": {"formats": ["keras"]}, "n": 3}},
    }
    assert "    # about export\n" in added


def test_drop_entries_that_are_all_there_are_leaves_an_empty_file() -> None:
    """A comment on nothing is not kept."""
    assert drop_entries(FILE, ["a", "b", "c"], "f") == ""


def test_drop_entries_of_a_nested_mapping_keeps_its_neighbours() -> None:
    """Lines outside of the mapping are not read as its end."""
    text = "nas:\n  # of x\n  x: 1\n\n  y: 2\n# of z\nz: 3\n"

    assert drop_entries(text, ["x"], "f", ["nas"]) == "nas:\n  y: 2\n# of z\nz: 3\n"


@pytest.mark.parametrize("text", ["", "# only\n", "{}\n", "nas: {}\n", "nas:\n"])
def test_split_entries_of_a_mapping_with_nothing_in_it_are_none(text: str) -> None:
    """A file that `init` finds empty is no error."""
    assert split_entries(text, "f", ["nas"]) == {}
    assert split_entries(text.partition("nas")[0], "f") == {}
