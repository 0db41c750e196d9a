"""Sentences claim no more than the numbers show."""

from __future__ import annotations

import numpy as np
import pytest
from tests.finalists import build_finalist

from kedro_nas.ranking.image_table import ImageTable
from kedro_nas.ranking.sentences import baseline_sentence, choice_sentence, label
from kedro_nas.records.ranking import Rule
from kedro_nas.records.search import Finalist

N = 1000
NUMBER = np.arange(N)
RIVAL = build_finalist("rival1", 1200, right=NUMBER < 700, epochs=4)
BASELINE = build_finalist("base01", 300, right=NUMBER < 600, epochs=4, is_baseline=True)


def _table(*contestants: Finalist) -> ImageTable:
    return ImageTable.read(contestants, np.full(N, 1 / N))


def _chosen(table: ImageTable, best: str, chosen: str, rule: Rule) -> str:
    costs = {key: table.size(key) for key in table.contestants}
    return choice_sentence(
        table,
        best,
        chosen,
        rule=rule,
        tied_above_p=0.05,
        cost="params",
        costs=costs,
    )


def test_label_is_short_and_tells_the_size() -> None:
    """Six letters of the key and the parameters; the baseline is called by its role."""
    assert label(build_finalist("0123456789", 1234)) == "012345 (1,234 parameters)"
    assert label(BASELINE) == "the baseline"


def test_choice_sentence_tells_score_lead_and_luck() -> None:
    """Who won, on what, over whom, and how likely that is by chance."""
    said = _chosen(_table(RIVAL, BASELINE), "rival1", "rival1", "best_mean")

    assert said.startswith("Network rival1 (1,200 parameters) was chosen: it has the")
    assert "70.0 % over 1,000 validation images after 4 epochs" in said
    assert "It leads the next, the baseline, by 10" in said
    assert "hardly luck" in said
    assert "Not distinguishable" not in said


def test_choice_sentence_names_those_that_tie() -> None:
    """A third network within chance of the best is named as such."""
    close = build_finalist("close1", 900, right=NUMBER >= 302, epochs=4)
    third = build_finalist("third1", 800, right=NUMBER >= 303, epochs=4)
    said = _chosen(_table(RIVAL, close, third), "rival1", "rival1", "best_mean")

    assert "may well be luck" in said
    assert "Not distinguishable from the best at 5 %: close1 (900 parameters)" in said


def test_choice_sentence_of_the_best_within_the_bound_claims_no_lead_over_faster() -> (
    None
):
    """It leads those behind it; the one that was passed over scored more."""
    said = _chosen(_table(RIVAL, BASELINE), "base01", "base01", "best_under_latency")

    assert "it has the best mean of those within the bound, 60.0 %" in said
    assert "It leads" not in said


def test_choice_sentence_of_the_proven_network_says_why_it_stays() -> None:
    """Nothing was clearly better: what is known of it from other data counts."""
    proven = build_finalist("proven", 99, right=NUMBER < 699, epochs=4, is_proven=True)
    said = _chosen(_table(RIVAL, proven), "rival1", "proven", "proven_network")

    assert "it is the best proven network sized to the budget" in said
    assert "The best mean, rival1 (1,200 parameters), is" in said
    assert "has 8 % of its parameters" in said


def test_choice_sentence_of_an_equal_score_speaks_of_no_lead() -> None:
    """On few images several networks classify all of them correctly."""
    proven = build_finalist("proven", 99, right=NUMBER < 700, epochs=4, is_proven=True)
    said = _chosen(_table(RIVAL, proven), "rival1", "proven", "proven_network")

    assert "rival1 (1,200 parameters) scored the same; the chosen one has 8 %" in said
    assert "higher" not in said


def test_choice_sentence_of_a_lone_contestant_compares_with_nothing() -> None:
    """Without others there is no lead to speak of."""
    said = _chosen(_table(RIVAL), "rival1", "rival1", "best_mean")

    assert "Nothing else was scored on the same images" in said


def test_choice_sentence_ends_with_who_was_not_scored() -> None:
    """A contestant without results is not passed over in silence."""
    table = _table(RIVAL, build_finalist("absent"))

    assert "network absent: not scored on all validation images" in _chosen(
        table, "rival1", "rival1", "best_mean"
    )


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (NUMBER < 700, "It is ahead of the baseline after equally short trainings"),
        (NUMBER < 500, "It is behind the baseline after equally short trainings"),
        (NUMBER >= 401, "It is not ahead of the baseline beyond chance"),
    ],
)
def test_baseline_sentence_on_validation_claims_nothing_of_the_final_training(
    right: np.ndarray, said: str
) -> None:
    """Ahead, behind or within chance: on so many images, before the final training."""
    table = _table(build_finalist("one", right=right, epochs=4), BASELINE)
    sentence = baseline_sentence(table, "one", table.compare("one", "base01"))

    assert sentence.startswith(said)
    assert "on the same 1,000 validation images" in sentence
    assert "What the final training adds is not compared here" in sentence
    assert "95 % interval" in sentence


def test_baseline_sentence_without_a_comparison_says_so() -> None:
    """Chosen itself, or never scored on the same images: no number is claimed."""
    table = _table(RIVAL, BASELINE)

    assert "baseline itself was chosen" in baseline_sentence(table, "base01", None)
    assert "could not be compared" in baseline_sentence(table, "rival1", None)
