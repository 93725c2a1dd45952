"""The commands on point clouds and meshes: their help and flags. Imports nothing heavy."""

from __future__ import annotations

import shlex
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from oneself.cli import flags
from oneself.jobs.errors import guarded

if TYPE_CHECKING:
    from oneself.core import Method

__all__ = ["EXAMPLES", "SHAPES", "command", "parameters"]

SHAPES = {
    "orient": "Give a point cloud normals that point outwards.",
    "consolidate": "Give a point cloud more points, on its edges and where it is thin.",
    "reconstruct": "Make a closed surface of a point cloud.",
}
EXAMPLES = {"orient": "dipole", "consolidate": "self_sample", "reconstruct": "shape_as_points"}
RESULTS = {"orient": "oriented.EXT", "consolidate": "consolidated.EXT", "reconstruct": "surface.ply"}
OWN = {
    "orient": [flags.switch("renew", "Also find directions anew that the file has; else they are turned round alone.")],
    "consolidate": [
        flags.flag("n", int, "How many points; twice as many unless given.", metavar="NUMBER", spelling="-n", low=1,
                   high=100_000_000),
    ],
    "reconstruct": [],
}  # fmt: skip


def parameters(task: str, method: Method | None) -> list[Parameter]:
    common = [one for one in flags.COMMON if one.name in ("seed", "seconds", "device")]
    files = [one for one in flags.FILES if one.name not in ("recursive", "skip_existing")]
    return [
        flags.positional("source", "A point cloud or mesh: PLY, XYZ, OBJ, OFF or STL.", metavar="IN"),
        flags.positional("out", f"The result, or a folder; NAME-{RESULTS[task]} beside IN otherwise.", default=None),
        *OWN[task],
        *flags.METHOD_FLAGS,
        *common,
        *files,
        *(_own(method) if method else []),
    ]  # fmt: skip


def _own(method: Method) -> list[Parameter]:
    """The method's options, but for what ``-n`` says."""
    taken = flags.PREFIX + "n" if "consolidate" in method.tasks else ""
    return [one for one in flags.method_parameters(method) if one.name != taken]


def command(task: str, method: Method | None, arguments: list[str], given: dict[str, Any]) -> int:
    """Run one of them; its exit code."""

    def work() -> int:
        from oneself.jobs.shapes import shape

        options = flags.read_options(method, given) if method else {}
        return shape(task, given, options, shlex.join(["oneself", *arguments]))

    return guarded(work)
