"""A text as a score of pictures: how near CLIP, from a folder of yours, finds the two."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Compute, own_context
from oneself.imaging.cropping import cut, random_place
from oneself.operators.resize import resize

__all__ = ["TextGuide", "text_guide"]

WEIGHTS = "model.safetensors"
FILES = ("config.json", "preprocessor_config.json", WEIGHTS)
LEAST = 0.5  # of a picture's sides that a crop has


class TextGuide(nn.Module):
    """The mean over random crops of a picture of the cosine between their features and a text's.

    Parameters
    ----------
    seeing, projection : Module
        The network of pictures ``(B, 3, side, side)``, whose result has a ``pooler_output``, and what leads from that
        to the features.
    wanted : Tensor
        The text's features, ``(1, n)``.
    mean, deviation : Tensor
        Of the colours that the network was trained on, ``(3, 1, 1)``.
    side, crops : int

    Notes
    -----
    Radford et al. Learning transferable visual models from natural language supervision. ICML 2021. Of crops, as in
    Kulikov, Yadin, Kleiner, Michaeli, SinDDM, ICML 2023: one view of a picture is easily fooled.
    """

    wanted: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(
        self, seeing: nn.Module, projection: nn.Module, wanted: Tensor, mean: Tensor, deviation: Tensor, side: int,
        crops: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.seeing, self.projection, self.side, self.crops = seeing, projection, side, crops
        for name, value in {"wanted": wanted, "mean": mean, "deviation": deviation}.items():
            self.register_buffer(name, value)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """The score, in [-1, 1], of a picture ``(1, C, H, W)`` in [0, 1] with one channel or three.

        Raises
        ------
        ValueError
            Other channels.
        """
        if x.shape[1] not in (1, 3):
            raise ValueError(f"text guide: {x.shape[1]} channels. CLIP sees gray or RGB pictures (1 or 3).")
        seen = torch.cat([self._crop(x) for _ in range(self.crops)]).expand(-1, 3, -1, -1)
        features = self.projection(self.seeing((seen - self.mean) / self.deviation).pooler_output)
        return F.cosine_similarity(features, self.wanted).mean()

    def _crop(self, x: Tensor) -> Tensor:
        """A random square part, or as square as the picture lets it be."""
        most = min(x.shape[2:])
        side = int(torch.randint(math.ceil(LEAST * most), most + 1, ()))
        return resize(cut(x, random_place(x.shape[2:], (side, side))), (self.side, self.side))


@own_context()
def text_guide(
    text: str, checkpoint: str | Path, *, crops: int = 8, device: str | torch.device | None = None
) -> TextGuide:
    """A guide of ``Model.sample`` that draws samples towards a text.

    Parameters
    ----------
    text : str
        What the samples shall show, in CLIP's language, such as ``"a burning house"``.
    checkpoint : str or Path
        A folder with a CLIP as ``transformers`` saves one: ``config.json``, ``preprocessor_config.json``,
        ``model.safetensors`` and the tokenizer's files. None comes with this library, and none is downloaded.
    crops : int
        How many random parts of a picture are looked at.
    device : str or device, optional
        Where CLIP works; the best at hand unless given.

    Raises
    ------
    ImportError
        The package ``transformers`` is not installed.
    FileNotFoundError, ValueError
        No such folder, a file is missing from it, it holds another kind of network, or pickled weights alone; a text
        that is empty or too long; a number of crops below 1.
    """
    folder = Path(checkpoint)
    told = f"text_guide(checkpoint={str(checkpoint)!r})"
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text_guide(text={text!r}): says nothing. Give a few words, such as 'a burning house'.")
    if not isinstance(crops, int) or crops < 1:
        raise ValueError(f"text_guide(crops={crops!r}): not a number of crops. Give a whole number, at least 1.")
    _check(folder, told)
    try:
        from transformers import AutoTokenizer, CLIPModel
    except ImportError as error:
        raise ImportError(
            "text_guide(): needs the package transformers. Install it: pip install 'oneself[text]'."
        ) from error
    model: Any = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    words = AutoTokenizer.from_pretrained(folder, local_files_only=True)([text], return_tensors="pt")
    length, most = words["input_ids"].shape[1], model.config.text_config.max_position_embeddings
    if length > most:
        raise ValueError(f"text_guide(text): {length} tokens long, this CLIP reads {most}. Give a shorter text.")
    with torch.no_grad():
        wanted = model.text_projection(model.text_model(**words).pooler_output)
    settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    mean, deviation = (torch.tensor(settings[name])[:, None, None] for name in ("image_mean", "image_std"))
    side = model.config.vision_config.image_size
    guide = TextGuide(model.vision_model, model.visual_projection, wanted, mean, deviation, side, crops)
    return guide.to(Compute.choose(device).device)


def _check(folder: Path, told: str) -> None:
    """Refuse a folder that holds no CLIP which can be read without running code."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{told}: no such folder. Give one with a CLIP that was saved by transformers.")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        pickled = " Pickled weights are not read, as loading them may run code: convert them." * bool(
            WEIGHTS in missing and list(folder.glob("*.bin"))
        )
        raise FileNotFoundError(f"{told}: {', '.join(missing)} not there. Give a CLIP saved by transformers.{pickled}")
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{told}: config.json cannot be read ({error}). Give a CLIP saved by transformers.") from error
    if kind != "clip":
        raise ValueError(f"{told}: holds a network of type {kind!r}. Give one of type 'clip'.")
