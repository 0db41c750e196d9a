"""A user's block is known by what it does, not by where it is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.block_programs import (
    check_blocks,
    code_digest,
    digest_all_options,
    digest_block,
    digest_blocks,
)
from kedro_nas.space.registry import forget_block, register_block

PATH = "team_blocks:mine"
BLOCK = """
def mine(layers, x, *, filters, kernel_size, stride, activation, attend, factor=1):
    y = layers.conv(x, filters * factor, kernel_size, stride=stride)
    y = attend(layers.activation(layers.batch_norm(y), activation))
    return layers.conv(y, filters, 1)
"""
CLOSING = """
def closing(layers, x, *, activation, **_):
    return layers.activation(x, activation)
"""


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    forget_block("mine")


def write(source: str, **arguments: object) -> None:
    """Register a block from its source, as a process does that starts after an edit."""
    namespace: dict[str, object] = {"__name__": "team_blocks"}
    exec(source, namespace)
    forget_block("mine")
    if "closing" in namespace:
        arguments["closing"] = namespace["closing"]
    register_block("mine", path=PATH, **arguments)(namespace["mine"])  # type: ignore[arg-type]


def digest(source: str) -> str:
    """Return the digest of a block written so."""
    write(source)
    return digest_block("mine", [()])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("layers.activation(layers.batch_norm(y), activation)", "layers.batch_norm(y)"),
        ("layers.batch_norm(y), activation", "layers.batch_norm(y), 'relu'"),
        ("attend(", "("),
        ("filters, 1)", "filters, 3)"),
        ("return ", "return layers.conv(y, filters, 1) and "),
        ("x, filters * factor, kernel", "x, min(filters, 300), kernel"),
    ],
)
def test_digest_block_of_code_that_makes_other_layers_differs(
    before: str, after: str
) -> None:
    """An edit that changes a layer, an argument or their order is another block."""
    assert before in BLOCK
    assert digest(BLOCK.replace(before, after)) != digest(BLOCK)


@pytest.mark.parametrize(
    "edited",
    [
        "\n\n# a comment\n" + BLOCK,
        BLOCK.replace("y = ", "z = ").replace("(y", "(z"),
        BLOCK.replace("return ", "unused = 3\n    return "),
    ],
)
def test_digest_block_of_code_that_makes_the_same_layers_is_equal(edited: str) -> None:
    """Comments, names and an edit without an effect do not end a search."""
    assert digest(edited) == digest(BLOCK)


def test_digest_block_knows_what_closes_a_stage() -> None:
    """A block's closing layers are part of it."""
    plain = digest(BLOCK)
    closed = digest(BLOCK + CLOSING)
    edited = digest(BLOCK + CLOSING.replace("layers.activation(x, activation)", "x"))

    assert plain != closed
    assert edited != closed


def test_digest_block_that_fails_for_some_arguments_is_known_by_the_others() -> None:
    """A block that refuses a width is no error here, and its edits are seen."""
    picky = BLOCK.replace(
        "    y = layers.conv(x", "    assert filters != 64\n    y = layers.conv(x"
    )

    assert digest(picky) not in {
        digest(BLOCK),
        digest(picky.replace("x, f", "x, 2 * f")),
    }


def test_digest_all_options_sees_an_edit_of_any_value() -> None:
    """A space is another one when a block changes for one value of its options."""
    found = []
    for source in (
        BLOCK,
        BLOCK.replace("* factor", "* (5 if factor == 4 else factor)"),
    ):
        write(source, options={"factor": (1, 4)})
        found.append(
            (digest_all_options(["mine"]), digest_block("mine", [(("factor", 1),)]))
        )

    assert found[0][0] != found[1][0]
    assert found[0][1] == found[1][1]


def test_check_blocks_refuses_a_network_whose_block_was_edited() -> None:
    """No worker trains other layers under the name of those that were searched."""
    write(BLOCK)
    stages = (Stage(block="mine", depth=1, width=8, kernel_size=3, stride=1),)
    architecture = Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=stages,
        custom_blocks=(("mine", PATH),),
        block_digests=digest_blocks(stages, {"mine": PATH}),
    )
    check_blocks(architecture)
    write(BLOCK.replace("attend(", "("))

    with pytest.raises(
        SearchSpaceError, match=r"'mine' \(team_blocks:mine\) has chang"
    ):
        check_blocks(architecture)


def test_architecture_without_blocks_of_a_user_has_the_key_it_always_had() -> None:
    """Digests are added to networks with such blocks only: other seeds stay."""
    stages = (Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1),)
    plain = Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=stages,
    )
    stamped = plain.model_copy(update={"block_digests": (("mine", "abc"),)})

    assert plain.key == "ca45b793a41d"
    assert "block_digests" not in plain.to_dict()
    assert stamped.key != plain.key
    assert stamped.network_key != plain.network_key
    assert Architecture.from_dict(stamped.to_dict()) == stamped


def test_code_digest_is_that_of_the_code_not_of_its_place() -> None:
    """Line numbers and addresses of inner functions do not count; constants do."""
    source = "def f():\n    def g():\n        return {'a', 'b'} & {1}\n    return g\n"
    found = []
    for text in (source, "\n\n" + source, source.replace("1", "2")):
        namespace: dict[str, object] = {}
        exec(text, namespace)
        found.append(code_digest(namespace["f"]))

    assert found[0] == found[1] != found[2]
    assert code_digest(len) == ""
