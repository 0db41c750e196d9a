"""A format states what it needs, or nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kedro_nas.export.formats.traits import FormatTraits, packages_to_read, traits_of


@pytest.mark.parametrize("stated", [{}, {"traits": None}, {"traits": {"extra": "x"}}])
def test_traits_of_an_exporter_without_any_are_the_defaults(stated: dict) -> None:
    """An exporter from before there were traits is compared as strictly as ever."""
    assert traits_of(SimpleNamespace(**stated)) == FormatTraits()


def test_traits_of_an_exporter_are_those_it_states() -> None:
    """What a class says of itself is what counts."""
    traits = FormatTraits(max_difference=0.5, packages=("numpy",))

    assert traits_of(SimpleNamespace(traits=traits)) is traits


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        (FormatTraits(), ()),
        (FormatTraits(packages=("a", "b")), ("a", "b")),
        (FormatTraits(packages=("a", "b"), read_with=("b",)), ("b",)),
    ],
)
def test_packages_to_read_leave_out_what_only_writes(
    traits: FormatTraits, expected: tuple[str, ...]
) -> None:
    """A device does not install a converter."""
    assert packages_to_read(SimpleNamespace(traits=traits)) == expected
