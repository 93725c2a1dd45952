"""The commands that use a trained model: their help and flags. Imports nothing heavy."""

from __future__ import annotations

from inspect import Parameter

from oneself.cli import flags

__all__ = ["MADE", "OWN", "SUFFIXES", "USES", "uses"]

USES = {
    "edit": "Make an edited picture whole: what was moved, copied or stretched blends with its new surroundings.",
    "harmonise": "Give what was pasted into a picture the picture's own texture.",
    "paint": "Make a picture from a rough painting in its colours.",
    "enlarge": "Enlarge a picture, with detail as the model has learned it.",
    "animate": "Make a short clip of a picture: a smooth walk through its noise.",
    "extrapolate": "Make what comes after a clip, or came before it.",
    "interpolate": "Make a clip of twice the rate, or more: new frames between its own.",
}
MASKED = ("edit", "harmonise")


def uses() -> dict[str, tuple[str, list[Parameter]]]:
    """Help and flags of each command, by its name."""
    return {name: (summary, _parameters(name)) for name, summary in USES.items()}


def _parameters(name: str) -> list[Parameter]:
    model = flags.positional("model", "What 'oneself generate' trained: a .safetensors file.", metavar="MODEL")
    after = [
        *(parameter for parameter in flags.COMMON if parameter.name in ("seed", "device")),
        *(parameter for parameter in flags.FILES if parameter.name in ("overwrite", "json", "quiet")),
    ]
    if name in MADE:
        return [model, *_making(name), *after]
    own = [
        flags.positional("source", GIVEN[name], metavar="IN"),
        flags.positional("out", f"The result, or a folder for it; IN-{SUFFIXES[name]}.EXT beside IN otherwise.",
                         default=None),
        FACTOR if name == "enlarge" else FIRST,
        *([_mask()] if name in MASKED else []),
        *(parameter for parameter in flags.COMMON if parameter.name == "axes"),
    ]  # fmt: skip
    return [model, *own, *after]


SUFFIXES = {"edit": "edited", "harmonise": "harmonised", "paint": "painted", "enlarge": "enlarged"}
GIVEN = {
    "edit": "The edited picture.",
    "harmonise": "The picture with what was pasted.",
    "paint": "The painting.",
    "enlarge": "The picture; best the one that the model was trained on.",
}
FIRST = flags.flag("scale", int, "The first scale that adds anything: 1 is coarse and free, the last one only adds the "
                   "finest detail.", metavar="NUMBER")  # fmt: skip
FACTOR = flags.flag(
    "factor", float, "How many times the size, up to 16.", default=2.0, metavar="NUMBER", above=1, high=16
)


def _mask() -> Parameter:
    return flags.flag("mask", str, "A picture of IN's size: not 0 (not black) where it was changed; the rest stays as "
                      "it is.", metavar="FILE")  # fmt: skip


MADE = {"animate": "animated", "extrapolate": "extrapolated", "interpolate": "interpolated"}
RATE = flags.flag("rate", float, "Frames a second, of a GIF.", default=10.0, metavar="NUMBER", low=0.01, high=1000)
OWN = {
    "animate": [
        flags.flag("frames", int, "How many frames.", default=24, metavar="NUMBER"),
        flags.flag("start_scale", int, "Scales below it do not move.", default=1, metavar="NUMBER"),
        flags.flag("pull", float, "0 to 1: how strongly frames resemble the picture.", default=0.1, metavar="NUMBER",
                   low=0, high=1),
        flags.flag("calm", float, "0 to 0.999: how slowly the motion changes.", default=0.9, metavar="NUMBER",
                   low=0, high=0.999),
    ],
    "extrapolate": [
        flags.flag("frames", int, "How many new frames.", default=8, metavar="NUMBER"),
        flags.flag("direction", str, "forward or backward in time.", default="forward", metavar="WAY"),
        flags.switch("whole", "Write the clip itself, too: new and old frames in one."),
    ],
    "interpolate": [flags.flag("factor", int, "2, 4, 8 or 16 times the rate.", default=2, metavar="NUMBER")],
}  # fmt: skip


def _making(name: str) -> list[Parameter]:
    told = (
        "The clip: .gif, .tif or .npy, or a folder for its frames as PNG; "
        f"MODEL-{MADE[name]}.gif beside MODEL otherwise."
    )
    return [flags.positional("out", told, default=None), *OWN[name], RATE]
