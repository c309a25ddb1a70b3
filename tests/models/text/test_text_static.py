"""Static text embeddings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn.functional import normalize

from vidseg.errors import ModelError, PromptError, VocabularyError
from vidseg.models.text import static_text
from vidseg.models.text.encoder import build_text_encoder
from vidseg.models.text.static_text import StaticTextConfig, StaticTextEncoder

from ...parity import report_difference


@pytest.fixture(scope="module")
def encoder() -> StaticTextEncoder:
    return StaticTextEncoder()


def test_names_are_unit_means_that_follow_meaning(encoder: StaticTextEncoder) -> None:
    names = ["dog", "puppy", "truck", "Traffic_light", "traffic light"]
    features = encoder.encode_names(names)
    assert features.shape == (5, encoder.dim) == (5, 256)
    assert features.dtype == torch.float32
    report_difference("length", features.norm(dim=1), torch.ones(5), 1e-5)
    similarity = features @ features.T
    assert similarity[0, 1] > similarity[0, 2] + 0.2
    assert torch.equal(features[3], features[4])


def test_names_are_the_package_own_embeddings_and_the_shared_direction(
    encoder: StaticTextEncoder,
) -> None:
    inference = pytest.importorskip("wordllama.inference")
    folder = Path(inference.__file__).parent
    table = load_file(folder / static_text.WEIGHTS)["embedding.weight"].numpy()
    package = inference.WordLlamaInference(
        table, Tokenizer.from_file(str(folder / static_text.TOKENIZER))
    )
    names = ["fire hydrant", "giraffe", "tennis racket"]
    shared = table.astype("float32").mean(axis=0)
    shared = torch.from_numpy(shared / np.linalg.norm(shared))
    want = normalize(torch.from_numpy(package.embed(names, norm=True)) - shared, dim=1)
    report_difference("names", encoder.encode_names(names), want, 1e-5)


def test_sentences_are_padded_words_and_a_unit_mean(encoder: StaticTextEncoder) -> None:
    words, lengths, sentence = encoder.encode_sentences(["dog", "the dog on the left"])
    assert words.shape == (2, 5, 256)
    assert lengths.tolist() == [1, 5]
    assert not words[0, 1:].any()
    report_difference("word length", words[1].norm(dim=1), torch.ones(5), 1e-5)
    report_difference("repeated word", words[1, 0], words[1, 3], 1e-6)
    report_difference("sentence", sentence[0], encoder.encode_names(["dog"])[0], 1e-6)


def test_names_share_a_direction(encoder: StaticTextEncoder) -> None:
    features = encoder.encode_names(["giraffe", "sky", "truck", "fire hydrant", "knife"])
    nothing = -normalize(features.mean(dim=0), dim=0)
    assert (features @ nothing).max() < -0.4


def test_long_sentences_are_cut(encoder: StaticTextEncoder) -> None:
    short = StaticTextEncoder(StaticTextConfig(context=3))
    words, lengths, _ = short.encode_sentences(["one two three four five"])
    assert lengths.tolist() == [3]
    report_difference("words", words, encoder.encode_sentences(["one two three"]).words, 1e-6)


def test_nothing_to_read_is_refused_and_nothing_asked_is_fine(encoder: StaticTextEncoder) -> None:
    with pytest.raises(VocabularyError, match="no word in '_'"):
        encoder.encode_names(["dog", "_"])
    with pytest.raises(PromptError, match="no word"):
        encoder.encode_sentences(["  "])
    assert encoder.encode_names([]).shape == (0, 256)
    assert encoder.encode_sentences([]).words.shape == (0, 1, 256)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_text, "find_spec", lambda name: None)
    static_text._load.cache_clear()
    with pytest.raises(ModelError, match="pip install wordllama"):
        build_text_encoder(StaticTextConfig())


def test_heavy_code_of_the_package_is_not_imported() -> None:
    code = (
        "import sys; from vidseg.models.text.encoder import StaticTextEncoder; "
        "StaticTextEncoder().encode_names(['dog']); print('wordllama' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
