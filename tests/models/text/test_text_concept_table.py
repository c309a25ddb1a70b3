"""The published table of class embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidseg.errors import ModelError, VocabularyError
from vidseg.models.files.checkpoints.origin import CONCEPTS
from vidseg.models.text.concept_table import concept_embeddings, read_concept_table
from vidseg.vocabularies import CONCEPT_ROWS


def test_rows_of_a_list_come_in_class_order(tmp_path: Path) -> None:
    table = torch.arange(CONCEPTS, dtype=torch.float64)[:, None].expand(-1, 2).contiguous()
    torch.save(table, tmp_path / "table.pth")
    read = read_concept_table(tmp_path / "table.pth")
    assert read.dtype == torch.float32
    assert concept_embeddings(read, "vspw")[:, 0].tolist() == list(range(2924, 3048))
    assert concept_embeddings(read, "bdd_track")[0, 0] == 2268
    covered = {row for name, rows in CONCEPT_ROWS.items() if name != "coco" for row in rows}
    assert covered == set(range(CONCEPTS))


def test_other_files_and_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_concept_table(tmp_path / "none.pth")
    torch.save(torch.zeros(3, 2), tmp_path / "small.pth")
    with pytest.raises(ModelError, match="not a concept table"):
        read_concept_table(tmp_path / "small.pth")
    with pytest.raises(VocabularyError, match="no rows for 'camvid'"):
        concept_embeddings(torch.zeros(CONCEPTS, 2), "camvid")
