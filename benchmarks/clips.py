"""Clips from one clip: frames between and after its own against the truth, and whether it goes on believably.

    python benchmarks/clips.py --out benchmarks/results                   # a made-up clip, a few core-minutes
    python benchmarks/clips.py --data DATA/video/tornado --out benchmarks/results

Two models are trained. One sees every second frame; those it has not seen are told from their neighbours (`between`),
beside the `mean` of these and the `nearest`, which is the one before. The other does not see the last quarter; it goes
on from the last frame that it saw (`after`, the first `--known` of them against the truth), beside this frame `held`.
`back` goes from the first frame backward, `new` is a clip from a made-up first frame.

`psnr` in dB, of all frames, `first` of the first alone. The rest needs no truth, and the row `itself` says what the
clip itself has: `coherence` and `flow` are the distances of patches (7 x 7) and of space-time patches (2 frames, 5 x 5)
to the nearest of the clip, in hundredths of the [0, 1] range (of `itself` to its other frames, without neighbours);
`motion` is the change from frame to frame, `late` that of the last third, `grain` the energy of the finest detail and
`grown` that of the last third: each as a root mean square relative to the clip's. Seconds of training and of one frame.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generation import read, small
from measuring import report
from oneself import Model, extrapolate, interpolate
from oneself.io import read_clip
from oneself.tasks.generation import Training
from patches import nearest_rows

STRIDE = 3  # between the patches that are looked for
KERNEL = torch.tensor([[-1.0, 2.0, -1.0]])
Numbers = float | str


@dataclass(frozen=True)
class Row:
    """Frames of one kind, by one maker."""

    clip: str
    frames: str
    maker: str
    psnr: Numbers = ""
    first: Numbers = ""
    coherence: Numbers = ""
    flow: Numbers = ""
    motion: Numbers = ""
    late: Numbers = ""
    grain: Numbers = ""
    grown: Numbers = ""
    train: Numbers = ""
    frame: Numbers = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a clip: a folder of pictures, TIFF or GIF; a made-up one otherwise")
    parser.add_argument("--side", type=int, default=48, help="shorter side to which frames are shrunk")
    parser.add_argument("--count", type=int, default=24, help="frames that are made after the last")
    parser.add_argument("--known", type=int, default=8, help="of them, those compared with the truth")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device")
    parser.add_argument("--sheets", type=Path, help="a folder for contact sheets")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE", help="options of sinfusion")
    parser.add_argument("--name", default="clips")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    name, frames = ("panned", panned()) if given.data is None else (given.data.stem, shrunk(given.data, given.side))
    rows = [*between(name, frames, given), *onward(name, frames, given)]
    report(rows, given.name, given.out, "Clips generated from one")


def shrunk(path: Path, side: int) -> Tensor:
    """The frames of a clip, ``(T, C, H, W)`` in [0, 1]."""
    return torch.cat([small(frame, side) for frame in read_clip(path).pixels])


def panned(count: int = 33, size: tuple[int, int] = (48, 64)) -> Tensor:
    """A window that moves over a picture of scikit-image, turns, and comes back: ``(count, 3, *size)`` in [0, 1]."""
    from skimage import data, transform

    whole = transform.resize(data.coffee() / 255, (133, 200), anti_aliasing=True)
    made = []
    for k in range(count):
        angle, turn = 2 * np.pi * k / 80, 0.15 * np.sin(2 * np.pi * k / 48)
        middle = np.array([100 + 24 * np.sin(angle), 66 + 14 * np.cos(angle)])
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = np.eye(3)
        matrix[:2, :2] = rotation
        matrix[:2, 2] = middle - rotation @ (np.array(size[::-1]) / 2)
        made.append(transform.warp(whole, transform.AffineTransform(matrix), output_shape=size, order=3))
    return torch.from_numpy(np.stack(made).transpose(0, 3, 1, 2)).float().clamp(0, 1)


def trained(frames: Tensor, given: argparse.Namespace) -> tuple[Model, float]:
    options: dict[str, Any] = dict(read(text) for text in given.set)
    training = Training(as_clip(frames), "sinfusion", seed=given.seed, device=given.device, **options)
    result = training.run.finish()
    return training.model(), result.seconds


def as_clip(frames: Tensor) -> Tensor:
    return frames.transpose(0, 1)[None]


def as_frames(clip: Tensor) -> Tensor:
    return clip[0].transpose(0, 1).cpu()


def between(name: str, frames: Tensor, given: argparse.Namespace) -> list[Row]:
    """Every second frame is learned from, and the others are told from them."""
    seen, truth = frames[::2], frames[1::2][: (len(frames) - 1) // 2]
    model, seconds = trained(seen, given)
    made, cost = {"mean": (seen[:-1] + seen[1:]) / 2, "nearest": seen[:-1]}, {}
    for maker, drawn in (("sinfusion", False), ("sinfusion, drawn", True)):
        began = time.monotonic()
        made[maker] = as_frames(interpolate(model, drawn=drawn, seed=given.seed))[1::2]
        cost[maker] = (time.monotonic() - began) / len(truth)
    sheet([truth, *made.values()], given, f"{name}-between")
    rows = []
    for maker, found in made.items():
        whole = torch.stack([seen[:-1], found], dim=1).flatten(0, 1)
        told = {} if maker in ("mean", "nearest") else {"train": seconds, "frame": cost[maker]}
        rows.append(
            Row(
                name,
                "between",
                maker,
                psnr(found, truth),
                "",
                *alike(found, whole, seen),
                **motion(whole, frames),
                grain=fineness(found) / fineness(seen),
                **told,
            )
        )
        print(rows[-1], flush=True)
    return rows


def onward(name: str, frames: Tensor, given: argparse.Namespace) -> list[Row]:
    """The last quarter is not learned from."""
    seen = frames[: len(frames) - len(frames) // 4]
    truth = frames[len(seen) :][: given.known]
    model, seconds = trained(seen, given)
    began = time.monotonic()
    after = as_frames(extrapolate(model, given.count, seed=given.seed))
    cost = (time.monotonic() - began) / given.count
    back = as_frames(extrapolate(model, given.count, direction="backward", seed=given.seed))
    new = as_frames(model.sample(1, seed=given.seed))
    sheet([frames, torch.cat([seen[-1:], after]), torch.cat([back, seen[:1]]), new], given, f"{name}-onward")
    rows = [Row(name, "clip", "itself", **itself(seen)), held(name, seen, truth)]
    for kind, found in (("after", after), ("back", back), ("new", new)):
        known = (
            {"psnr": psnr(found[: len(truth)], truth), "first": psnr(found[:1], truth[:1])} if kind == "after" else {}
        )
        late = found[: len(found) // 3] if kind == "back" else found[-(len(found) // 3) :]
        coherent, flow = alike(found, found, seen)
        rows.append(
            Row(
                name,
                kind,
                "sinfusion",
                **known,
                coherence=coherent,
                flow=flow,
                **motion(found, seen, late),
                grain=fineness(found) / fineness(seen),
                grown=fineness(late) / fineness(seen),
                train=seconds,
                frame=cost,
            )
        )
    for row in rows:
        print(row, flush=True)
    return rows


def held(name: str, seen: Tensor, truth: Tensor) -> Row:
    last = seen[-1:].expand_as(truth)
    return Row(name, "after", "held", psnr(last, truth), psnr(last[:1], truth[:1]), motion=0.0)


def itself(seen: Tensor) -> dict[str, Numbers]:
    """Of every fourth frame, how far its patches are from those of frames that are no neighbours of it."""
    far, flows = [], []
    for k in range(1, len(seen) - 1, 4):
        others = torch.cat([seen[: max(0, k - 1)], seen[k + 2 :]])
        coherent, flow = alike(seen[k : k + 1], seen[k : k + 2], others)
        far.append(coherent)
        flows.append(flow)
    return {"coherence": sum(far) / len(far), "flow": sum(flows) / len(flows), "motion": 1.0, "grain": 1.0}


def psnr(x: Tensor, truth: Tensor) -> float:
    return float(-10 * (x.clamp(0, 1) - truth).square().mean().log10())


def alike(made: Tensor, whole: Tensor, seen: Tensor) -> tuple[float, float]:
    """Distances to the clip's patches: of frames ``made``, and of neighbouring ones in ``whole`` together."""
    return 100 * nearest_of(made, seen, 7), 100 * nearest_of(pairs(whole), pairs(seen), 5)


def pairs(frames: Tensor) -> Tensor:
    """Neighbouring frames along the channels."""
    return torch.cat([frames[:-1], frames[1:]], dim=1)


def nearest_of(made: Tensor, seen: Tensor, side: int) -> float:
    """Root mean square distance of some patches of ``made`` to the nearest of ``seen``, mean over them."""
    queries, keys = (
        F.unfold(x, side, stride=stride).transpose(1, 2).flatten(0, 1) for x, stride in ((made, STRIDE), (seen, 1))
    )
    return nearest_rows(queries, keys)


def motion(frames: Tensor, like: Tensor, late: Tensor | None = None) -> dict[str, float]:
    """Change from frame to frame, relative to that of ``like``."""
    change = rms(like.diff(dim=0))
    found = {"motion": rms(frames.diff(dim=0)) / change}
    return found if late is None else {**found, "late": rms(late.diff(dim=0)) / change}


def fineness(frames: Tensor) -> float:
    """The root mean square of what no neighbour along either axis tells: second differences along both."""
    kernel = (KERNEL.T @ KERNEL)[None, None]
    return rms(F.conv2d(frames.flatten(0, 1)[:, None], kernel))


def rms(x: Tensor) -> float:
    return float(x.square().mean().sqrt())


def sheet(rows: list[Tensor], given: argparse.Namespace, name: str, most: int = 8, zoom: int = 2) -> None:
    """Some frames of each, evenly spaced, a row each."""
    if given.sheets is None:
        return
    import imageio.v3 as imageio

    given.sheets.mkdir(parents=True, exist_ok=True)
    lines = []
    for frames in rows:
        chosen = np.linspace(0, len(frames) - 1, most).round().astype(int)
        lines.append(torch.cat(list(frames[chosen]), dim=2))
    picture = torch.cat(lines, dim=1).clamp(0, 1).permute(1, 2, 0).numpy()
    pixels = (255 * picture).round().astype(np.uint8).repeat(zoom, 0).repeat(zoom, 1)
    imageio.imwrite(given.sheets / f"{name}.png", pixels)


if __name__ == "__main__":
    main()
