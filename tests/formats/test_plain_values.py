"""Values of JSON and YAML against types."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.formats.plain_values import typed

SIMPLE = {
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(),
    bool: st.booleans(),
}


@given(st.data(), st.sampled_from(list(SIMPLE)), st.sampled_from(list(SIMPLE)))
def test_a_value_comes_back_or_is_refused_with_its_key(
    data: st.DataObject, given_type: type, wanted: type
) -> None:
    value = data.draw(SIMPLE[given_type])
    if given_type is wanted or (given_type, wanted) == (int, float):
        found = typed(value, wanted, "a.key")
        assert isinstance(found, wanted) and found == value
    else:
        with pytest.raises(ValueError, match=r"^a\.key needs ") as error:
            typed(value, wanted, "a.key")
        assert str(error.value).endswith(f", not {value!r}.")


def test_lists_choices_and_nothing() -> None:
    assert typed([1, 2.5], tuple[float, float], "k") == (1.0, 2.5)
    assert typed(["a", "b", "c"], tuple[str, ...], "k") == ("a", "b", "c")
    assert typed(None, int | None, "k") is None and typed(3, int | None, "k") == 3
    assert typed("mean", Literal["sum", "mean"], "k") == "mean"


@pytest.mark.parametrize(
    ("value", "hint", "told"),
    [
        (float("inf"), float, "k needs a finite number, not inf."),
        (float("nan"), float, "k needs a finite number, not nan."),
        (None, int, "k needs a whole number, not nothing."),
        ([1.0], tuple[float, float], "k needs a list of 2 values, not [1.0]."),
        ("ab", tuple[str, ...], "k needs a list, not 'ab'."),
        ([1, "x"], tuple[int, ...], "k needs a whole number, not 'x'."),
        ("mea", Literal["sum", "mean"], "k needs one of sum, mean, not 'mea'; the nearest is 'me"),
        (True, Literal[1, 2], "k needs one of 1, 2, not True."),
        ([], Literal["sum", "mean"], "k needs one of sum, mean, not []."),
    ],
)
def test_refusals_say_what_is_needed(value: Any, hint: Any, told: str) -> None:
    with pytest.raises(ValueError) as error:
        typed(value, hint, "k")
    assert str(error.value).startswith(told)
