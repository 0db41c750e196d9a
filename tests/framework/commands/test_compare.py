"""`kedro_nas.framework.commands.compare`: what two runs may be said to show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kedro_nas.framework.commands import compare
from kedro_nas.framework.commands.compare import ComparedRun


def _run(name: str, test: float | None, *, data: str = "a") -> ComparedRun:
    low, high = (None, None) if test is None else (test - 0.05, test + 0.05)
    return ComparedRun(
        run=name,
        network="conv3 8",
        mean=0.5,
        mean_over="folds",
        ci_low=0.4,
        ci_high=0.6,
        test=test,
        test_low=low,
        test_high=high,
        params=1000,
        macs=2000,
        architectures=3,
        search_s=60.0,
        seed=0,
        data=data,
    )


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (_run("b", 0.8, data="b"), "different data"),
        (_run("b", None), "Not both have read"),
        (_run("b", 0.7), "the same share"),
        (_run("b", 0.75), "b is 5.0 points ahead on the test images, but"),
        (_run("b", 0.9), "b is 20.0 points ahead on the test images."),
        (_run("b", 0.5), "a is 20.0 points ahead on the test images."),
    ],
)
def test_sentence_says_no_more_than_the_numbers_carry(
    second: ComparedRun, said: str
) -> None:
    """Other data, equal shares and overlapping intervals are no victory."""
    assert said in compare._sentence(_run("a", 0.7), second)


def test_text_says_what_a_mean_is_over() -> None:
    """A mean over folds and one over validation images are not the same thing."""
    other = replace(_run("b", 0.8), mean_over="validation")
    lines = compare._text([_run("a", 0.7), other], "said").splitlines()
    (over,) = [line.split() for line in lines if line.startswith("over")]

    assert lines[0].split() == ["a", "b"]
    assert over == ["over", "folds", "validation"]
    assert lines[-1] == "said"


def test_text_of_a_large_network_fits_a_terminal() -> None:
    """Long networks are broken between stages, intervals are beside their values."""
    network = " · ".join(["stem 16/4", *(f"residual3 {2**n}/2" for n in range(5, 10))])
    runs = [replace(_run("a", None), network=network), _run("b", 0.8)]
    text = compare._text(runs, "said")
    lines = text.splitlines()

    assert max(map(len, lines)) <= 112
    assert lines[1].split("  ")[0] == "winner"
    assert " ".join(text.split()).count("residual3") == 5
    assert "0.8000 (95 %: 0.7500 to 0.8500)" in text
