"""When a search stops proposing though its limits would let it go on."""

from __future__ import annotations

from collections.abc import Callable

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.stop_rule import StopRule
from kedro_nas.space.architecture import Architecture

Numbered = Callable[[int], Architecture]
FULL = 9


def _tell(
    rule: StopRule,
    network: Architecture,
    score: float | None,
    epochs: int = FULL,
    standard_error: float | None = 0.01,
) -> None:
    rule.add(
        ProposalOutcome(network, score, epochs=epochs, standard_error=standard_error)
    )


def test_rule_without_settings_never_stops_and_waits_for_nothing(
    numbered: Numbered,
) -> None:
    """Both settings are off by default, and cost no worker a second."""
    rule = StopRule()
    for number in range(1, 60):
        _tell(rule, numbered(number), 0.5)

    assert rule.reason() is None
    assert not rule.waits


def test_rule_stops_after_so_many_networks_without_an_improvement(
    numbered: Numbered,
) -> None:
    """The networks after the best one are counted, each of them once."""
    rule = StopRule(networks=3, full_epochs=FULL)
    _tell(rule, numbered(1), 0.80)
    for number in (2, 3):
        _tell(rule, numbered(number), 0.70, epochs=1)
        _tell(rule, numbered(number), 0.72, epochs=3)
    before = rule.reason()
    _tell(rule, numbered(4), None, epochs=1)

    assert rule.waits
    assert before is None
    assert rule.reason() == "no improvement"


def test_rule_counts_anew_after_an_improvement_by_its_standard_error(
    numbered: Numbered,
) -> None:
    """A point above the best with a standard error of half a point is one."""
    rule = StopRule(networks=2, full_epochs=FULL)
    _tell(rule, numbered(1), 0.80)
    _tell(rule, numbered(2), 0.79)
    _tell(rule, numbered(3), 0.81, standard_error=0.005)
    _tell(rule, numbered(4), 0.70, epochs=1)

    assert rule.reason() is None


def test_rule_takes_no_difference_within_the_noise_for_an_improvement(
    numbered: Numbered,
) -> None:
    """Half a point above the best, with a standard error of one point, counts not."""
    rule = StopRule(networks=2, full_epochs=FULL)
    _tell(rule, numbered(1), 0.80)
    _tell(rule, numbered(2), 0.805)
    _tell(rule, numbered(3), 0.805)

    assert rule.reason() == "no improvement"


def test_rule_adds_small_steps_up_to_an_improvement(numbered: Numbered) -> None:
    """Steps of .6 standard errors: the second is compared with the start of both."""
    rule = StopRule(networks=2, full_epochs=FULL)
    for number, score in enumerate((0.800, 0.806, 0.812, 0.818, 0.824), start=1):
        _tell(rule, numbered(number), score)

    assert rule.reason() is None


def test_rule_compares_full_trainings_only(numbered: Numbered) -> None:
    """Better after one epoch than another after nine is no improvement known yet."""
    rule = StopRule(networks=2, target_score=0.9, full_epochs=FULL)
    _tell(rule, numbered(1), 0.80)
    _tell(rule, numbered(2), 0.95, epochs=1)
    early = rule.reason()
    _tell(rule, numbered(3), 0.95, epochs=3)

    assert early is None
    assert rule.reason() == "no improvement"


def test_rule_without_a_full_training_does_not_stop(numbered: Numbered) -> None:
    """Before there is a best, there is nothing to be better than."""
    rule = StopRule(networks=2, full_epochs=FULL)
    for number in range(1, 9):
        _tell(rule, numbered(number), 0.5, epochs=1)

    assert rule.reason() is None


def test_rule_ends_at_the_target(numbered: Numbered) -> None:
    """A full training that is good enough ends the proposals, for good."""
    rule = StopRule(target_score=0.9, full_epochs=FULL)
    _tell(rule, numbered(1), 0.89)
    before = rule.reason()
    _tell(rule, numbered(2), 0.90)
    _tell(rule, numbered(3), 0.40)

    assert before is None
    assert rule.reason() == "target reached"
