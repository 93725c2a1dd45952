"""A text as a guide, with a CLIP that was never trained: what it must do is known all the same."""

import json

import numpy as np
import pytest
import torch

import oneself
from oneself.tasks.text import TextGuide

from .test_diffused import PICTURE, QUICK

SIDE = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from tokenizers import pre_tokenizers
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizerFast

    place = tmp_path_factory.mktemp("clip")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    (place / "vocab.json").write_text(json.dumps(vocabulary))
    (place / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizerFast.from_pretrained(place).save_pretrained(place)
    CLIPImageProcessor().save_pretrained(place)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1}
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config={**small, **ends, "vocab_size": len(words), "max_position_embeddings": 12},
        vision_config={**small, "image_size": SIDE, "patch_size": 8},
        projection_dim=8,
    )
    CLIPModel(config).save_pretrained(place)
    return place


def test_the_score_is_clips_own(folder):
    """Of a picture that a crop cannot change it is the cosine of the features that transformers tells."""
    from transformers import AutoTokenizer, CLIPModel

    clip = CLIPModel.from_pretrained(folder).eval()
    flat = torch.tensor([0.9, 0.4, 0.1])[None, :, None, None].expand(1, 3, 20, 24)
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    mean, deviation = (torch.tensor(settings[name])[:, None, None] for name in ("image_mean", "image_std"))
    words = AutoTokenizer.from_pretrained(folder)(["fire"], return_tensors="pt")
    with torch.no_grad():
        told = clip(pixel_values=(flat[..., :SIDE, :SIDE] - mean) / deviation, **words)
    wanted = torch.cosine_similarity(told.image_embeds, told.text_embeds)
    score = oneself.text_guide("fire", folder, device="cpu")(flat)
    torch.testing.assert_close(score, wanted[0], rtol=1e-4, atol=1e-5)


def test_samples_are_drawn_towards_the_text(folder):
    model = oneself.generate(PICTURE, method="patch_diffusion", **QUICK).model
    guide = oneself.text_guide("fire", folder, crops=2, device="cpu")
    led, free = (model.sample(2, guide=given, strength=0.3) for given in (guide, None))
    x = [torch.from_numpy(pictures / 255).float().permute(0, 3, 1, 2) for pictures in (led, free)]
    torch.manual_seed(0)
    scores = [float(torch.stack([guide(one[None]) for _ in range(4) for one in pictures]).mean()) for pictures in x]
    assert scores[0] > scores[1] + 0.01
    assert np.array_equal(led, model.sample(2, guide=guide, strength=0.3))


def test_gray_pictures_are_seen_as_gray(folder):
    guide, gray = oneself.text_guide("fire", folder, device="cpu"), torch.rand(1, 1, 20, 20)
    scores = []
    for x in (gray, gray.expand(1, 3, 20, 20)):
        torch.manual_seed(1)
        scores.append(guide(x))
    assert torch.equal(*scores)
    with pytest.raises(ValueError, match="2 channels"):
        guide(torch.rand(1, 2, 20, 20))
    assert isinstance(guide, TextGuide)
    assert not any(p.requires_grad for p in guide.parameters())


def test_what_is_no_clip_is_refused(folder, tmp_path):
    def damaged(name, text=None):
        place = tmp_path / name
        place.mkdir()
        for file in folder.iterdir():
            (place / file.name).write_bytes(file.read_bytes())
        if text is None:
            (place / name).unlink()
        else:
            (place / "config.json").write_text(text)
        return place

    pickled = damaged("model.safetensors")
    (pickled / "pytorch_model.bin").write_bytes(b"")
    for text, place, words in [
        ("fire", tmp_path / "nowhere", "no such folder"),
        ("fire", damaged("preprocessor_config.json"), "preprocessor_config.json not there"),
        ("fire", pickled, "model.safetensors not there.*Pickled weights are not read"),
        ("fire", damaged("bert", '{"model_type": "bert"}'), "a network of type 'bert'"),
        ("fire", damaged("broken", "{"), "cannot be read"),
        (" ", folder, "says nothing"),
        ("a fire " * 3, folder, "this CLIP reads 12"),
    ]:
        with pytest.raises((FileNotFoundError, ValueError), match=words):
            oneself.text_guide(text, place)
    with pytest.raises(ValueError, match="crops=0"):
        oneself.text_guide("fire", folder, crops=0)
