"""The flags of every command, as typer reads them: a function's signature, made from lists of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from oneself.jobs.request import LARGEST

if TYPE_CHECKING:
    from oneself.core import Method, OptionRecord

__all__ = [
    "COMMON",
    "FILES",
    "LONGEST",
    "METHOD_FLAGS",
    "PLOT",
    "PREFIX",
    "QUALITY",
    "SHORTEST",
    "STEERING",
    "command",
    "flag",
    "method_parameters",
    "positional",
    "read_images",
    "read_options",
    "switch",
]

SEEDS = 2**63 - 1
SHORTEST, LONGEST = 1e-3, 1e9  # seconds
TAKEN = ("sigma",)  # the common flag says it, in the file's units
PREFIX = "method_option_"


@dataclass(frozen=True)
class Allowed:
    """What may be given for a flag, as it is spelt: numbers within limits, and texts that are not empty."""

    spelling: str
    limits: Mapping[str, float] = field(default_factory=dict)

    def check(self, command: str, value: Any) -> None:
        """Raises ValueError."""
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) and not one.strip():
                raise ValueError(f"{command}({self.spelling} {one!r}): empty. Give a value, or leave it out.")
            if isinstance(one, int | float) and not isinstance(one, bool):
                self._check_number(command, one)

    def _check_number(self, command: str, value: float) -> None:
        low, above, high = (self.limits[word] for word in ("at least", "above", "at most"))
        if not (low <= value <= high and above < value and abs(value) < math.inf):
            told = " and ".join(f"{word} {limit:g}" for word, limit in self.limits.items() if math.isfinite(limit))
            shown = f"{value:g}" if isinstance(value, float) else str(value)[:40]
            raise ValueError(
                f"{command}({self.spelling} {shown}): out of range. Give a number {told or 'that is one'}."
            )


def positional(name: str, help: str, *, default: Any = ..., metavar: str | None = None) -> Parameter:
    """An argument without a name; optional where it has a default."""
    told = typer.Argument(help=help, metavar=metavar or name.upper(), show_default=False)
    empty = Parameter.empty if default is ... else default
    hint = Annotated[str | None, told, Allowed(metavar or name.upper())]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=empty, annotation=hint)


def flag(
    name: str, kind: Any, help: str, *, default: Any = None, metavar: str | None = None, panel: str | None = None,
    spelling: str | None = None, low: float = -math.inf, high: float = math.inf, above: float = -math.inf,
) -> Parameter:  # fmt: skip
    """``--name VALUE``; ``default=...`` where it must be given. A number may be ``low`` to ``high`` and ``above``."""
    spelling = spelling or "--" + name.replace("_", "-")
    told = typer.Option(
        spelling,
        help=help,
        metavar=metavar,
        rich_help_panel=panel,
        show_default=default not in (None, False, ...),
    )
    empty = Parameter.empty if default is ... else default
    hint = kind if default not in (None, ...) else kind | None
    allowed = Allowed(spelling.partition("/")[0], {"at least": low, "above": above, "at most": high})
    return Parameter(name, Parameter.KEYWORD_ONLY, default=empty, annotation=Annotated[hint, told, allowed])


def switch(name: str, help: str, *, panel: str | None = None) -> Parameter:
    """``--name``, off unless given."""
    return flag(name, bool, help, default=False, panel=panel, spelling="--" + name.replace("_", "-"), metavar=" ")


METHOD_FLAGS = [
    flag("method", str, "A key of 'oneself methods', or auto: look at the picture and pick.", default="auto",
         metavar="KEY"),
    flag("preset", str, "A named set of the method's options, such as 'published'.", metavar="NAME"),
]  # fmt: skip

COMMON = [
    flag("sigma", float, "Standard deviation of the noise, where you know it, in the file's own units: 25 of 8 bit's "
         "255, 0.1 of a float file in 0 to 1. Estimated otherwise.", metavar="LEVEL", above=0, high=LARGEST),
    flag("seed", int, "The same seed gives the same result.", default=0, metavar="NUMBER", low=0, high=SEEDS),
    flag("seconds", float, "Time allowed for each picture; the best so far is written when it is used up.",
         metavar="S", low=SHORTEST, high=LONGEST),
    flag("device", str, "cpu, cuda, cuda:0, mps or xpu; CUDA where there is one. What it lacks is done on the CPU.",
         metavar="NAME", panel="Computing"),
    flag("precision", str, "float32 or bfloat16.", default="float32", metavar="TYPE", panel="Computing"),
    switch("compile", "Compile the training step where a compiler is installed.", panel="Computing"),
    flag("axes", str, "One letter for each axis of a TIFF or NPY file that does not say: Z Y X space, C channels, any "
         "other independent pictures.", metavar="ZYX", panel="The file"),
    flag("data_range", str, "The values of black and white, or of white alone; measured from the picture otherwise.",
         metavar="LOW HIGH", panel="The file"),
]  # fmt: skip

FILES = [
    switch("recursive", "With a folder: its subfolders too.", panel="Files and folders"),
    switch("skip_existing", "Leave out pictures whose result is already there.", panel="Files and folders"),
    switch("overwrite", "Replace results that are already there.", panel="Files and folders"),
    flag("preview", str, "A picture (8 bit) that is refreshed every few seconds while it runs.", metavar="FILE",
         panel="Along the way"),
    flag("compare", str, "Write before and after side by side (8 bit; a volume's middle slice).", metavar="FILE",
         panel="Along the way"),
    flag("checkpoint", str, "Save the state here every 30 s and at Ctrl-C; the same command goes on from it. Kept at "
         "the end.", metavar="FILE", panel="Along the way"),
    switch("json", "Print a machine-readable record of what was done; progress goes to stderr.",
           panel="Along the way"),
    switch("quiet", "Say nothing but warnings and errors.", panel="Along the way"),
]  # fmt: skip

QUALITY = flag("quality", str, "What auto picks by: fast takes seconds for a photograph, best as long as it needs; the "
               "best that takes about a minute otherwise.", metavar="fast|best")  # fmt: skip

PLOT = flag("plot", str, "Draw the noise of a picture here (PNG): against brightness, between neighbours, its "
            "spectrum.", metavar="FILE")  # fmt: skip

STEERING = [
    flag("region", list[str], "Keep a part of IN: top, left, height and width there, then top and left in the new "
         "picture. May be given several times.", metavar="T,L,H,W@T,L", panel="Steering (methods by diffusion)"),
    flag("text", str, "Draw the pictures towards this text, with --clip.", metavar="TEXT",
         panel="Steering (methods by diffusion)"),
    flag("clip", str, "A CLIP on this machine, as transformers saves it.", metavar="FOLDER",
         panel="Steering (methods by diffusion)"),
    flag("strength", float, "How far a step goes towards the text (0.2 unless given).", metavar="NUMBER",
         panel="Steering (methods by diffusion)", low=0, high=1e3),
    flag("fill", float, "Share of the picture that a step may change (1 unless given).", metavar="SHARE",
         panel="Steering (methods by diffusion)", above=0, high=1),
]  # fmt: skip


def method_parameters(method: Method, *, files: bool = True) -> list[Parameter]:
    """A flag for every option of a method that a command line can say; with ``files`` those that are files, too."""
    panel = f"Options of {method.key} ({method.title})"
    said = [record for record in method.options if record.name not in TAKEN and _can_be_said(record)]
    return [_of_option(record, panel) for record in said if files or record.is_plain]


def _can_be_said(record: OptionRecord) -> bool:
    """A torch module cannot, nor an input that is no image or recording, as files of such are not read."""
    return (
        record.is_plain
        or record.is_file
        or (record.domain is not None and record.domain.name in ("image", "recording"))
    )


def _of_option(record: OptionRecord, panel: str) -> Parameter:
    name = "--" + record.name.replace("_", "-")
    if record.type is bool and not record.optional:
        told = f"{record.help} (default {'yes' if record.default else 'no'})"
        return flag(PREFIX + record.name, bool, told, panel=panel, spelling=f"{name}/--no-{name[2:]}")
    if record.is_input or record.is_file:
        return flag(PREFIX + record.name, str, f"{record.help}: {record.allowed()}", metavar="FILE", panel=panel,
                    spelling=name)  # fmt: skip
    default = "none" if record.default is None else f"{record.default:.6g}" if record.type is float else record.default
    metavar = {int: "NUMBER", float: "NUMBER", bool: "YES|NO", str: "|".join(record.choices) or "TEXT"}[record.type]
    told = record.help if record.choices else f"{record.help}; {record.allowed()}"
    return flag(PREFIX + record.name, str, f"{told} (default {default})", metavar=metavar, panel=panel, spelling=name)


def read_images(method: Method, given: dict[str, Any]) -> dict[str, str]:
    """Takes the flags of options that are files, images or others, out of ``given`` and returns those named."""
    texts = {record.name: given.pop(PREFIX + record.name, None) for record in method.options if not record.is_plain}
    return {name: text for name, text in texts.items() if text is not None}


def read_options(method: Method, given: dict[str, Any]) -> dict[str, Any]:
    """Takes the other generated flags out of ``given`` and returns the options that were given, in their types.

    Raises
    ------
    TypeError, ValueError
        A value that the option does not allow.
    """
    found = {}
    for record in (record for record in method.options if record.is_plain):
        text = given.pop(PREFIX + record.name, None)
        if text is not None:
            found[record.name] = record.check(method.key, _parsed(record, text))
    return found


def _parsed(record: OptionRecord, text: Any) -> Any:
    """The value that a text stands for; the text itself where it stands for none, so that ``check`` refuses it."""
    if isinstance(text, bool) or (record.type is str and not record.optional):
        return text
    if text.lower() == "none" and record.optional:
        return None
    words = {"true": True, "yes": True, "false": False, "no": False}
    try:
        return words.get(text.lower(), text) if record.type is bool else record.type(text)
    except ValueError:
        return text


def command(
    name: str, function: Callable[[dict[str, Any]], int], parameters: Iterable[Parameter]
) -> Callable[..., int]:
    """A function that typer can read: its signature is ``parameters``; it hands their values over as one dict.

    It raises ValueError for a number out of its range, or an empty text.
    """
    parameters = list(parameters)

    def call(**given: Any) -> int:
        for parameter in parameters:
            _, _, allowed = get_args(parameter.annotation)
            if given[parameter.name] is not parameter.default:
                allowed.check(name, given[parameter.name])
        return function(given)

    call.__signature__ = Signature(_required_first(parameters))  # type: ignore[attr-defined]
    return call


def _required_first(parameters: Sequence[Parameter]) -> list[Parameter]:
    return sorted(parameters, key=lambda p: p.default is not Parameter.empty)
