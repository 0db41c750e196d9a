"""Records: read at the door, frozen, and equal to the files they came from."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kedro_nas.errors import RecordError
from kedro_nas.records.base import Part, Strings
from kedro_nas.records.export import ClassScores, FinalFit


class Box(Part):
    """A part with a list of texts."""

    texts: Strings = ()


FIT = {
    "key": "0123456789ab",
    "epochs": 2,
    "train_loss": [2.0, 1.5],
    "seeds": [7],
    "members": 2,
    "copies": 1,
    "has_baseline": False,
    "baseline_reason": "",
    "baseline_epochs": 0,
    "baseline_seconds": 0.0,
    "winner_seconds": 3.0,
    "seconds": 4.0,
}


def test_read_what_to_json_wrote_is_equal() -> None:
    """A record read from its own JSON values is the same record."""
    record = FinalFit.read(FIT)

    assert record.to_json() == FIT
    assert FinalFit.read(record) is record


def test_read_a_file_of_another_version_names_the_stage_to_run() -> None:
    """A file with other fields is refused by naming dataset, fields and stage."""
    with pytest.raises(RecordError, match=r"'final_fit'.*nothere.*stage export again"):
        FinalFit.read({**FIT, "nothere": 1})


def test_read_a_file_with_a_field_missing_names_the_field() -> None:
    """A missing field is named."""
    with pytest.raises(RecordError, match="epochs: Field required"):
        FinalFit.read({name: FIT[name] for name in FIT if name != "epochs"})


def test_record_cannot_be_changed() -> None:
    """A record is frozen: nobody can overwrite a field on its way."""
    record = FinalFit.read(FIT)

    with pytest.raises(ValidationError, match="frozen"):
        record.epochs = 3  # type: ignore[misc]


def test_to_json_uses_the_names_of_the_file() -> None:
    """A field whose name is a keyword of Python keeps its name in the file."""
    row = {"class": "bag", "precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 3}
    found = ClassScores.model_validate(row).model_dump(by_alias=True)

    assert found.items() >= row.items()


def test_read_a_file_with_many_faults_names_the_first_five() -> None:
    """A message is read to its end; fifty faults are one: another version."""
    wrong = {f"field_{number}": number for number in range(9)}

    with pytest.raises(RecordError) as raised:
        FinalFit.read({**FIT, **wrong})
    named = [name for name in wrong if name in str(raised.value)]

    assert len(named) == 5


@pytest.mark.parametrize("value", [None, 7, "text", [1]])
def test_read_what_is_no_table_of_values_says_so(value: object) -> None:
    """An empty or a foreign file is refused by the same message."""
    with pytest.raises(RecordError, match=r"'final_fit' cannot be read.*the whole: "):
        FinalFit.read(value)


def test_read_a_value_of_another_type_names_where_it_is() -> None:
    """The path of the field is given, down to the item of a list."""
    with pytest.raises(RecordError, match=r"train_loss\.1: "):
        FinalFit.read({**FIT, "train_loss": [2.0, "much"]})


def test_texts_are_read_from_the_list_that_json_makes_of_a_tuple() -> None:
    """What was frozen stays frozen through a file; one text is not taken apart."""
    assert Box.model_validate({"texts": ["a", "b"]}).texts == ("a", "b")
    assert Box(texts=("a",)) == Box.model_validate_json('{"texts": ["a"]}')
    with pytest.raises(ValidationError, match="texts"):
        Box.model_validate({"texts": "ab"})
