"""Sound commands in a room, to be killed, interrupted, left without space or kept company: what may be replaced, and
what counts as their result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hostility.arena import Room
from hostility.judging import Fault, made, of_end, see, unreadable
from hostility.stock import QUICK, TRAINED, Stock

__all__ = ["SCENARIOS", "Scenario", "again", "often"]


@dataclass(frozen=True)
class Scenario:
    """A command, the stock it needs, the files it may replace, and those that are there when it has succeeded."""

    command: tuple[str, ...]
    needs: tuple[str, ...]
    results: tuple[str, ...]
    replaces: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    resumes: bool = False

    def prepare(self, stock: Stock, room: Room) -> None:
        stock.fill(room, *self.needs)
        for name, source in self.renamed:
            room.put(name, stock[source])


def _of(line: str, *more: str, needs: str, results: str, replaces: str = "", resumes: bool = False,
        **renamed: str) -> Scenario:  # fmt: skip
    """From lines of words; ``renamed`` are pairs of names, with spaces, by any name."""
    pairs = tuple(tuple(pair.split()) for pair in renamed.values())
    command = (*line.split(), *more)
    return Scenario(command, tuple(needs.split()), tuple(results.split()), tuple(replaces.split()), pairs, resumes)


SINGAN = ("--method", "singan", *TRAINED["singan"])
BOTH = "out.png out.png.json"
SCENARIOS = (
    _of("denoise in.png out.png --checkpoint state", *QUICK, needs="in.png", results=BOTH, resumes=True),
    _of("denoise stack.tif out.tif --checkpoint state --compare both.png --preview look.png", *QUICK,
        needs="stack.tif", results="out.tif out.tif.json both.png", resumes=True),
    _of("denoise folder results/ --skip-existing", *QUICK, needs="", a="folder/a.png in.png", b="folder/b.png gray.png",
        results="results/a.png results/a.png.json results/b.png results/b.png.json", resumes=True),
    _of("denoise in.png out.png --overwrite", *QUICK, needs="in.png", results=BOTH, replaces=BOTH,
        old="out.png second.png", record="out.png.json old.png.json", resumes=True),
    _of("generate in.png made/ -n 2 --checkpoint state", *SINGAN, needs="in.png",
        results="made/in-01.png made/in-02.png made/in.safetensors made/in-generated.json", resumes=True),
    _of("generate in.png made/ -n 1 --model model.safetensors --retrain", *SINGAN, needs="in.png",
        results="made/in-01.png model.safetensors made/in-generated.json", replaces="model.safetensors",
        old="model.safetensors sinddm.safetensors"),
    _of("separate in.png out.png --task watermark --mask mask.png --method double_dip --steps 2 --checkpoint state",
        needs="in.png mask.png", results=BOTH, resumes=True),
    _of("animate singan.safetensors moving/ --frames 3", needs="singan.safetensors", results="moving.json"),
    _of("animate singan.safetensors out.gif --frames 3", needs="singan.safetensors", results="out.gif out.gif.json"),
    _of("correct in.png out.png --kernel kernel.npy", needs="in.png kernel.npy", results="out.png"),
    _of("kernel in.png found.npy --method kernel_spectra --seconds 2", needs="in.png", results="found.npy"),
    _of("enlarge sinddm.safetensors in.png out.png", needs="sinddm.safetensors in.png", results=BOTH),
)  # fmt: skip


def often() -> None:
    """In a child: checkpoints and previews at every step."""
    from oneself.cli import generating
    from oneself.jobs import checkpoints, snapshots

    for module in (checkpoints, generating, snapshots):
        if hasattr(module, "EVERY"):
            module.EVERY = 0.0


def again(scenario: Scenario, room: Room) -> list[Fault]:
    """Give the same command again, after a call that did not come to its end: it succeeds, all is there, no rubbish."""
    there = see(room)
    shown = unreadable(room, made({}, there))
    faults = [Fault("lost", f"half a file shows, {name}: {why}") for name, why in shown.items()]
    complete = all(f"desk/{name}" in there for name in scenario.results)
    command = scenario.command
    if not scenario.resumes and "--overwrite" not in command:
        command = (*command, "--overwrite")
    said = room.call(command)
    faults += of_end(said)
    after = see(room)
    if said.code != 0 and not (complete and said.code == 2 and "exists" in said.err):
        faults.append(Fault("lost", f"the same command again ends with {said.code}: {said.err.strip()[-200:]}"))
    missing = [name for name in scenario.results if f"desk/{name}" not in after]
    if missing:
        faults.append(Fault("lost", f"after the same command again there is no {', '.join(missing)}"))
    bad = unreadable(room, made({}, after))
    faults += [
        Fault("lost", f"after the same command again half a file shows, {name}: {why}") for name, why in bad.items()
    ]
    faults += [
        Fault("lost", f"left for ever: {name}")
        for name in after
        if Path(name).name.startswith(".") or name.endswith(".part")
    ]
    return faults
