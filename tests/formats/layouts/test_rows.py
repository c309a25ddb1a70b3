"""Rows of JSON lists: the same reader stops or goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidseg.errors import DataError
from vidseg.formats.layouts.problems import STRICT, Findings, Problems
from vidseg.formats.layouts.rows import json_object, name_of, rows, whole_number

FILE = Path("a.json")


def test_a_strict_reader_stops_and_a_survey_goes_on() -> None:
    content = {"videos": [{"id": 1}, "no row", {"id": True}, {"id": 4}]}

    def ids(problems: Problems) -> list[int | None]:
        return [
            whole_number(row, "id", "a video", FILE, problems)
            for row in rows(content, "videos", FILE, problems)
        ]

    findings = Findings()
    assert ids(findings) == [1, None, 4]
    assert [finding.sentence for finding in findings] == [
        "a.json: an entry of 'videos' is no JSON object.",
        "a.json: 'id' of a video is True where a whole number is wanted.",
    ]
    with pytest.raises(DataError, match="an entry of 'videos' is no JSON object"):
        ids(STRICT)


def test_a_missing_list_and_a_name_of_another_kind_are_reported() -> None:
    findings = Findings()
    assert list(rows({}, "videos", FILE, findings)) == []
    assert name_of({"video_id": 7}, "video_id", "a video", FILE, findings) == "7"
    assert name_of({"video_id": None}, "video_id", "a video", FILE, findings) is None
    assert len(findings) == 2


@pytest.mark.parametrize("text", ["[1]", "{", ""])
def test_a_file_without_an_object_is_reported(tmp_path: Path, text: str) -> None:
    file = tmp_path / "list.json"
    file.write_text(text)
    findings = Findings()
    assert json_object(file, findings) is None
    assert findings.errors == 1
    file.write_text(json.dumps({"a": 1}))
    assert json_object(file, findings) == {"a": 1}
