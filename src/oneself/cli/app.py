"""The commands and their help. Imports neither torch nor anything that reads pictures."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter
from typing import TYPE_CHECKING, Any

import typer

from oneself.cli import adapt, flags, pretrain, shapes
from oneself.cli.uses import USES, uses
from oneself.jobs.errors import DONE, ENDED_AT_ONCE, INTERRUPTED, REFUSED, guarded, say

if TYPE_CHECKING:
    from oneself.core import Method

__all__ = ["run"]

SUMMARY = "Restore a picture, volume or signal with networks that learn from that one input alone."
TASKS = {
    "denoise": "Remove the noise of a picture.",
    "super-resolve": "Enlarge a picture.",
    "inpaint": "Fill in what is missing from a picture.",
    "deblur": "Undo a known blur.",
    "separate": "Take a picture apart: a watermark, what shines through, foreground and background, haze.",
    "dehaze": "Remove the haze of a picture; the same as separate --task dehaze.",
}
GENERATE = "generate"
APART = ("transparency", "watermark", "segment", "dehaze")
EXAMPLES = {"super-resolve": "zssr", "separate": "double_dip", "dehaze": "double_dip"}
OWN = {
    "denoise": [flags.QUALITY],
    "super-resolve": [
        flags.flag("scale", str, "How much larger: 2, 1.5, or one for each axis: 2x1.5 (down x across).",
                   metavar="FACTOR"),
        flags.flag("rate", float, "Of a recording: the rate that it shall have.", metavar="HZ", above=0, high=1e7),
        flags.flag("kernel", str, "The blur (NPY or picture) behind the small picture, where you know it; whole "
                   "factors then. Odd-sized, of sum 1; pictures are divided by their sum. Or 'estimate': found from "
                   "the picture.", metavar="FILE|estimate"),
    ],
    "inpaint": [
        flags.flag("mask", str, "A picture of the same size: not 0 (not black) where something is missing.",
                   metavar="FILE"),
        flags.flag("gap", list[str], "Of a recording: what is missing, in seconds. Several times, too.",
                   metavar="FROM:TO"),
        flags.flag("known", str, "What becomes of the rest of the picture: keep leaves it as it is, restore also "
                   "removes its noise.", default="keep", metavar="KIND"),
    ],
    "deblur": [
        flags.flag("kernel", str, "The blur, as NPY or a picture: odd-sized, of sum 1; pictures are divided by their "
                   "sum.", default=..., metavar="FILE"),
        flags.flag("boundary", str, "What lies beyond the border: unknown, or circular (the scene wraps round).",
                   default="unknown", metavar="KIND"),
    ],
    "separate": [
        flags.flag("task", str, "What is taken apart: transparency (one layer is the result, the other beside it), "
                   "watermark, segment or dehaze.", default=..., metavar="TASK"),
        flags.flag("hints", str, "segment: a picture of the same size: 0 unknown (black), 1 or 255 foreground "
                   "(white), 2 or 128 background (gray).", metavar="FILE"),
        flags.flag("mask", str, "watermark: a picture of the same size: not 0 (not black) where the watermark may be.",
                   metavar="FILE"),
        flags.flag("second", str, "transparency: another mixture of the same two layers, where there is one.",
                   metavar="FILE"),
    ],
    "dehaze": [],
}  # fmt: skip
AFTER = """With --method auto the method's own options are its own business. To see and set those of a method:
'oneself {task} --method {example} --help'; 'oneself methods' lists them all."""
TELLING = ("adapt", "kernel", "correct")  # their records tell the command line
KERNEL = ("seed", "seconds", "device", "axes", "data_range")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


def run(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    arguments = _joined_range(arguments or ["--help"])
    return guarded(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    method = _chosen_method(arguments)
    parser = typer.main.get_command(_application(arguments, method))
    try:
        code = parser.main(args=arguments, prog_name="oneself", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        say(ENDED_AT_ONCE)
        return INTERRUPTED
    except Exception as error:  # typer's usage errors have no public name of their own
        if not hasattr(error, "format_message"):
            raise
        say(_usage(error, method))
        return REFUSED
    return int(code or DONE)


def _application(arguments: list[str], method: Method | None) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    app.callback(help=SUMMARY)(_root)
    for task, summary in TASKS.items():
        after = "" if method else AFTER.format(task=task, example=EXAMPLES.get(task, "dip"))
        _add(app, task, summary, _task_parameters(task, method), partial(_restore, task, method, arguments), after)
    _add(
        app,
        GENERATE,
        "Make new pictures, of any size, that look like one picture, or recordings that sound like one.",
        _generating(method),
        partial(_generate, method, arguments),
        "" if method else AFTER.format(task=GENERATE, example="singan"),
    )
    for task, summary in shapes.SHAPES.items():
        after = "" if method else AFTER.format(task=task, example=shapes.EXAMPLES[task])
        body = partial(shapes.command, task, method, arguments)
        _add(app, task, summary, shapes.parameters(task, method), body, after)
    for name, (summary, parameters) in _others().items():
        _add(app, name, summary, parameters, partial(_other, name, arguments))
    return app


def _add(
    app: typer.Typer, name: str, summary: str, parameters: list[Parameter], body: Callable[[dict[str, Any]], int],
    epilog: str = "",
) -> None:  # fmt: skip
    app.command(name, help=summary, epilog=epilog or None, no_args_is_help=False)(flags.command(name, body, parameters))


def _task_parameters(task: str, method: Method | None) -> list[Parameter]:
    return [
        flags.positional("source", "A picture, volume, signal or recording, or a folder of them.", metavar="IN"),
        flags.positional("out", f"The result, or a folder for it; NAME-{_suffix(task)}.EXT beside IN otherwise.",
                         default=None),
        *OWN[task],
        *flags.METHOD_FLAGS,
        *flags.COMMON,
        *flags.FILES,
        *(flags.method_parameters(method) if method else []),
    ]  # fmt: skip


def _generating(method: Method | None) -> list[Parameter]:
    shared = [
        p
        for p in [*flags.COMMON, *flags.FILES]
        if p.name not in ("sigma", "recursive", "skip_existing", "preview", "compare")
    ]
    return [
        flags.positional("source", "The picture, or the recording.", metavar="IN"),
        flags.positional("out", "A folder for the new pictures; NAME-generated beside IN otherwise.", default=None,
                         metavar="OUT/"),
        flags.flag("n", int, "How many pictures.", default=1, metavar="NUMBER", spelling="-n"),
        flags.flag("size", str, "Their height and width, such as 512x768; IN's otherwise.", metavar="HxW"),
        flags.flag("length", float, "Of a recording: their seconds; IN's otherwise.", metavar="SECONDS", above=0,
                   high=1e6),
        flags.flag("start_scale", int, "Keep IN's own structure below this scale: 0 makes everything up.", default=0,
                   metavar="NUMBER"),
        flags.flag("model", str, "The trained model: sampled without training where the file exists, saved there "
                   "otherwise; OUT/NAME.safetensors unless given.", metavar="FILE"),
        flags.switch("retrain", "Train although the model is there, and replace it."),
        *flags.STEERING,
        *flags.METHOD_FLAGS,
        *shared,
        *(flags.method_parameters(method, files=False) if method else []),
    ]  # fmt: skip


def _generate(method: Method | None, arguments: list[str], given: dict[str, Any]) -> int:
    def work() -> int:
        from oneself.cli.generating import generate

        return generate(given, flags.read_options(method, given) if method else {}, shlex.join(["oneself", *arguments]))

    return guarded(work)


def _others() -> dict[str, tuple[str, list[Parameter]]]:
    json = flags.switch("json", "Print it for machines.")
    overwrite = flags.switch("overwrite", "Replace files that are already there.")
    looked_at = [parameter for parameter in flags.COMMON if parameter.name in ("axes", "data_range", "device")]
    return {
        **uses(),
        "adapt": (adapt.SUMMARY, adapt.parameters()),
        "pretrain": (pretrain.SUMMARY, pretrain.parameters()),
        "weights": (
            "List the pretrained networks that are known, and what of them is.",
            [
                flags.flag("path", str, "Say where a file lies that this package brings along.", metavar="NAME"),
                json,
            ],
        ),
        "methods": (
            "List the methods and what they do; of one, its options and whom to cite.",
            [flags.positional("key", "A method.", default=None, metavar="KEY"), json],
        ),
        "info": (
            "Say what is in a file, what its noise is like, and what auto would do with it.",
            [
                flags.positional("file", "A picture, volume, signal, recording or shape."),
                flags.PLOT,
                *looked_at,
                json,
            ],
        ),
        "calibrate": (
            "Rank methods of denoising on a picture, by pixels of it that they are not shown.",
            [
                flags.positional("source", "A noisy picture, volume or signal.", metavar="IN"),
                flags.flag(
                    "methods",
                    str,
                    "Keys of 'oneself methods', with commas between; some quick ones otherwise.",
                    metavar="KEY,KEY",
                ),
                flags.flag(
                    "seconds",
                    float,
                    "Time allowed for all of them together.",
                    default=120.0,
                    metavar="S",
                    low=flags.SHORTEST,
                    high=flags.LONGEST,
                ),
                *(parameter for parameter in flags.COMMON if parameter.name in KERNEL and parameter.name != "seconds"),
                json,
            ],
        ),
        "kernel": (
            "Find the blur behind a small picture, for super-resolve --kernel.",
            [
                flags.positional("source", "A small picture.", metavar="IN"),
                flags.positional("out", "The kernel: NPY, TIFF or gray; NAME-kernel.npy otherwise.", default=None),
                flags.flag("scale", str, "The factor it was shrunk by: 2, 3 or 4.", default="2", metavar="FACTOR"),
                flags.flag("method", str, "kernel_spectra, kernelgan, or auto.", default="auto", metavar="KEY"),
                *(parameter for parameter in flags.COMMON if parameter.name in KERNEL),
                overwrite,
                *(parameter for parameter in flags.FILES if parameter.name in ("json", "quiet")),
            ],
        ),
        "correct": (
            "Make of a small picture what cubic shrinking would have made, for other super-resolvers.",
            [
                flags.positional("source", "A small picture.", metavar="IN"),
                flags.positional("out", "The corrected picture; NAME-corrected.EXT beside IN otherwise.", default=None),
                flags.flag("scale", str, "The factor it was shrunk by: a whole one.", default="2", metavar="FACTOR"),
                flags.flag("kernel", str, "The blur, as super-resolve's.", default="estimate", metavar="FILE|estimate"),
                flags.flag(
                    "ridge",
                    float,
                    "The larger, the less noise is amplified.",
                    default=1e-3,
                    metavar="NUMBER",
                    low=0,
                    high=1e3,
                ),
                *(parameter for parameter in flags.COMMON if parameter.name in KERNEL and parameter.name != "seconds"),
                overwrite,
                *(parameter for parameter in flags.FILES if parameter.name in ("json", "quiet")),
            ],
        ),
        "repeat": (
            "Do again what a record beside a result says; bit for bit the same on the same CPU.",
            [
                flags.positional("record", "The .json beside a result.", metavar="FILE.json"),
                flags.flag("output", str, "Where the result goes; NAME-repeated.EXT otherwise.", metavar="FILE"),
                overwrite,
                *(parameter for parameter in flags.FILES if parameter.name in ("json", "quiet")),
            ],
        ),
        "demo": (
            "Restore a real noisy picture, and show before and after.",
            [
                flags.positional("folder", "Where its three pictures go; oneself-demo otherwise.", default=None),
                overwrite,
            ],
        ),
    }


def _suffix(task: str) -> str:
    from oneself.jobs.request import SUFFIXES

    return SUFFIXES.get(task, "|".join(SUFFIXES[one] for one in APART))


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"oneself {importlib.metadata.version('oneself')}")
        except importlib.metadata.PackageNotFoundError:
            print("oneself (not installed: running from its source)")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", help="Say which version this is.", is_eager=True, callback=_print_version
    ),
) -> None:
    """What may be said before a command."""


def _restore(task: str, method: Method | None, arguments: list[str], given: dict[str, Any]) -> int:
    def work() -> int:
        from oneself.cli.tasks import restore

        options = flags.read_options(method, given) if method else {}
        images = flags.read_images(method, given) if method else {}
        return restore(task, given, options, images, shlex.join(["oneself", *arguments]))

    return guarded(work)


def _other(name: str, arguments: list[str], given: dict[str, Any]) -> int:
    def work() -> int:
        import importlib

        if name in USES:
            from oneself.cli.using import use

            return use(name, given, shlex.join(["oneself", *arguments]))
        told = {"command_line": shlex.join(["oneself", *arguments])} if name in TELLING else {}
        return int(importlib.import_module(f"oneself.cli.{name}").main(**given, **told))

    return guarded(work)


def _chosen_method(arguments: Sequence[str]) -> Method | None:
    """The method that the arguments name, whose options become flags; None for auto.

    Raises ValueError for a name that no method has.
    """
    name = "auto"
    for token, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if token == "--":
            break
        if token == "--method":
            name = after
        elif token.startswith("--method="):
            name = token.removeprefix("--method=")
    if name == "auto" or arguments[0] not in (*TASKS, *shapes.SHAPES, GENERATE):
        return None
    from oneself.registry import find

    return find(name)


def _joined_range(arguments: Sequence[str]) -> list[str]:
    """``--data-range LOW HIGH`` as one argument: no flag can have one value or two."""
    made: list[str] = []
    rest = list(arguments)
    while rest:
        token = rest.pop(0)
        if token == "--":
            return [*made, token, *rest]
        if token == "--data-range":
            values = [value for value in rest[:2] if NUMBER.fullmatch(value)]
            if len(values) == 2 or (values and values[0] == rest[0]):
                del rest[: len(values)]
                token = f"--data-range={','.join(values)}"
        made.append(token)
    return made


def _usage(error: Any, method: Method | None) -> str:
    """A usage error in one line, with the closest name, and where help is."""
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "oneself")
    unknown = getattr(error, "option_name", None)
    if unknown is not None and context is not None and not hasattr(error, "param"):
        return f"error: {path}: {_unknown_option(unknown, context, method)} '{path} --help' shows all."
    text = error.format_message().strip()
    if text.startswith("Got unexpected extra"):
        text += " To restore many files, name their folder."
    return f"error: {path}: {text} '{path} --help' shows how."


def _unknown_option(name: str, context: Any, method: Method | None) -> str:
    from oneself.core import closest

    known = [spelling for parameter in context.command.params for spelling in parameter.opts if spelling[:2] == "--"]
    if context.info_name in (*TASKS, GENERATE) and (owners := _owners(name)):
        mine = f"--method {method.key} has none" if method else "with --method auto it cannot be set"
        return f"{name} is an option of {', '.join(owners)}; {mine}. Choose with --method {owners[0]}."
    near = closest(name, known)
    return f"there is no option {name}. {near if near.startswith('Did') else ''}".rstrip()


def _owners(name: str) -> list[str]:
    """The methods that have an option of that name."""
    from oneself.registry import methods

    option = name.removeprefix("--").removeprefix("no-").replace("-", "_")
    return [method.key for method in methods() if method.takes(option)]
