"""CLIP text towers of OpenAI, RegionCLIP and Hugging Face."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vidseg.errors import ModelError
from vidseg.models.files.checkpoints.clip_files import translate
from vidseg.models.files.checkpoints.origin import Origin
from vidseg.models.published_weights import build_published, open_weights
from vidseg.models.text.clip_text import (
    ClipTextConfig,
    ClipTextTower,
    read_clip_text,
    text_config,
)

SMALL = ClipTextConfig(dim=24, width=64, layers=2, heads=1, vocabulary=60, context=9)


def tower() -> ClipTextTower:
    torch.manual_seed(0)
    return ClipTextTower(SMALL).eval()


def image_side() -> dict[str, Tensor]:
    return {
        "visual.conv1.weight": torch.zeros(2),
        "visual.attnpool.positional_embedding": torch.zeros(3),
        "logit_scale": torch.zeros(()),
    }


def test_names_of_rn50x4() -> None:
    """Written out apart from the package; 12 layers of 640."""
    block = "transformer.resblocks.{}."
    shapes = {
        "token_embedding.weight": (49408, 640),
        "positional_embedding": (77, 640),
        "ln_final.weight": (640,),
        "ln_final.bias": (640,),
        "text_projection": (640, 640),
    }
    for i in range(12):
        at = block.format(i)
        shapes |= {
            at + "attn.in_proj_weight": (1920, 640),
            at + "attn.in_proj_bias": (1920,),
            at + "attn.out_proj.weight": (640, 640),
            at + "attn.out_proj.bias": (640,),
            at + "ln_1.weight": (640,),
            at + "ln_1.bias": (640,),
            at + "mlp.c_fc.weight": (2560, 640),
            at + "mlp.c_fc.bias": (2560,),
            at + "mlp.c_proj.weight": (640, 2560),
            at + "mlp.c_proj.bias": (640,),
            at + "ln_2.weight": (640,),
            at + "ln_2.bias": (640,),
        }
    state = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    sizes = ("input_resolution", "context_length", "vocab_size")
    published = {**state, **image_side(), **{name: torch.tensor(1) for name in sizes}}
    translation = translate(published)
    assert not translation.unknown
    assert set(translation.unused) == set(published) - set(state)
    assert text_config(translation.state) == ClipTextConfig()
    with torch.device("meta"):
        own = ClipTextTower(ClipTextConfig()).state_dict()
    assert {k: v.shape for k, v in own.items()} == {
        k: v.shape for k, v in translation.state.items()
    }


def test_openai_state_dict_and_regionclip(tmp_path: Path) -> None:
    state = tower().state_dict()
    openai = {**state, **image_side()}
    region = {f"lang_encoder.{name}": value for name, value in state.items()}
    region |= {"backbone.conv1.weight": torch.zeros(2), "roi_heads.box.weight": torch.zeros(2)}
    torch.save(openai, tmp_path / "openai.pt")
    torch.save({"model": region, "iteration": 600000}, tmp_path / "region.pth")
    for name, published in (("openai.pt", openai), ("region.pth", region)):
        opened = open_weights(tmp_path / name)
        assert opened.origin is Origin.CLIP and not opened.translation.unknown
        assert len(opened.translation.unused) == len(published) - len(state)
        read = read_clip_text(tmp_path / name, SMALL).state_dict()
        assert all(torch.equal(read[key], value) for key, value in state.items())


@pytest.mark.filterwarnings("ignore")
def test_openai_archive(tmp_path: Path) -> None:
    """OpenAI's own download is a TorchScript archive in half precision."""
    model = tower().half().float()
    torch.jit.trace(model, torch.ones(1, 9, dtype=torch.long)).save(tmp_path / "RN50x4.pt")
    read = read_clip_text(tmp_path / "RN50x4.pt", SMALL).state_dict()
    assert all(torch.equal(read[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("whole", [False, True])
def test_hugging_face_gives_the_same_features(tmp_path: Path, whole: bool) -> None:
    transformers = pytest.importorskip("transformers", reason="pip install transformers")
    text = {
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 1,
        "vocab_size": 60,
        "projection_dim": 24,
        "max_position_embeddings": 9,
        "bos_token_id": 0,
        "eos_token_id": 59,
    }
    torch.manual_seed(0)
    if whole:
        vision = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1}
        config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
        model = transformers.CLIPModel(config).eval()
    else:
        config = transformers.CLIPTextConfig(**text)
        model = transformers.CLIPTextModelWithProjection(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn_like(value))
    model.save_pretrained(tmp_path)
    opened = open_weights(tmp_path)
    assert opened.origin is Origin.CLIP_HF and not opened.translation.unknown
    assert all("text" not in name for name in opened.translation.unused)
    read = read_clip_text(tmp_path, SMALL).eval()
    ids = torch.tensor([[1, 5, 7, 59, 0, 0, 0, 0, 0], [1, 59, 0, 0, 0, 0, 0, 0, 0]])
    with torch.no_grad():
        _, got = read(ids)
        inner = model.text_model(input_ids=ids).pooler_output
        want = model.text_projection(inner)
    assert float((got - want).abs().max()) < 1e-5


def test_towers_that_do_not_fit(tmp_path: Path) -> None:
    state = tower().state_dict()
    save_file(state, tmp_path / "clip.safetensors")
    with pytest.raises(ModelError, match="no segmentation model"):
        build_published(open_weights(tmp_path / "clip.safetensors"))
    del state["text_projection"]
    with pytest.raises(ModelError, match=r"text tower is not complete.*text_projection"):
        text_config(state)
