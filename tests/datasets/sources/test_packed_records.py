"""Label records in one block."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vidseg.datasets.sources.packed_records import PackedGroups

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
GROUPS = st.lists(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=3), max_size=5)


@given(GROUPS)
def test_what_was_packed_comes_back(groups: list[list[dict[str, Any]]]) -> None:
    packed = PackedGroups(iter(groups))
    assert len(packed) == len(groups)
    assert [list(packed[k]) for k in range(len(packed))] == groups
    assert [len(packed[k]) for k in range(len(packed))] == [len(group) for group in groups]


def test_groups_are_sequences() -> None:
    (records,) = (PackedGroups([[{"a": 1}, {"a": 2}, {"a": 3}]])[0],)
    assert records[1] == {"a": 2}
    assert records[-1] == {"a": 3}
    assert records[1:] == [{"a": 2}, {"a": 3}]
    assert records
    assert not PackedGroups([[]])[0]
