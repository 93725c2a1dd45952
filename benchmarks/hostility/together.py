"""Company: other calls on the same files at the same time, and files that others make, replace or remove meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from hostility.arena import Hook, Room, Said
from hostility.judging import RESULTS, Fault, Played, changed, leftovers, made, of_end, see, unreadable
from hostility.scenarios import SINGAN, often
from hostility.stock import QUICK, Stock

__all__ = ["play", "play_meanwhile"]

FOLDER = ("a.png", "b.png", "c.jpg")
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("denoise", "folder", "results/", "--skip-existing", *QUICK),
    ("denoise", "folder", "results/", *QUICK),
    ("denoise", "folder", "results/", "--overwrite", *QUICK),
    ("denoise", "folder", *QUICK),
    ("denoise", "folder/a.png", "out.png", *QUICK),
    ("denoise", "folder/a.png", "out.png", "--checkpoint", "state", *QUICK),
    ("denoise", "folder/a.png", "out.png", "--overwrite", "--preview", "look.png", "--compare", "both.png", *QUICK),
    ("generate", "folder/a.png", "made/", "-n", "2", *SINGAN),
    ("generate", "folder/a.png", "made/", "-n", "2", "--overwrite", "--checkpoint", "state", *SINGAN),
)
PRECIOUS = b"precious"  # what others have written


def play(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """The same command two or three times, begun within a moment."""
    command = TOGETHER[number % len(TOGETHER)]
    for name, source in zip(FOLDER, ("in.png", "gray.png", "in.jpg"), strict=True):
        room.put(f"folder/{name}", stock[source])
    before = see(room)
    children = []
    for _ in range(random.choice((2, 2, 3))):
        children.append(room.start(command, often))
        children[-1].alive_after(random.random() * 0.3)
    saids = [child.wait() for child in children]
    after = see(room)
    faults = [fault for said in saids for fault in of_end(said)]
    faults += [Fault("lost", f"changed {name}") for name in changed(before, after)]
    faults += [
        Fault("lost", f"left {name}") for name in leftovers(before, after, done=all(said.code == 0 for said in saids))
    ]
    faults += [
        Fault("lost", f"half a file, {name}: {why}") for name, why in unreadable(room, made(before, after)).items()
    ]
    faults += _company(command, saids, made(before, after))
    codes = " ".join(str(said.code) for said in saids)
    err = "\n".join(said.err for said in saids if said.code != 0)
    return Played(
        f"{' '.join(command)}, {len(saids)} times at once, ending with {codes}",
        max(s.code or 0 for s in saids),
        faults,
        err,
    )


def _company(command: tuple[str, ...], saids: list[Said], new: list[str]) -> list[Fault]:
    """One of them at least succeeds, none fails at what another has done, and nobody's work is lost."""
    faults = [] if any(said.code == 0 for said in saids) else [Fault("lost", "none of them succeeded")]
    if command[1] == "folder":
        faults += [Fault("lost", "failed at what another one has done") for said in saids if said.code == 1]
        whole = [name for name in new if Path(name).suffix in RESULTS]
        faults += [Fault("lost", f"only {', '.join(whole)}")] * (len(whole) < len(FOLDER))
        return faults
    losers = [said for said in saids if said.code == 1 and said.finished]
    pictures = [name for name in new if Path(name).suffix in (".png", ".safetensors", ".npy")]
    return faults + [Fault("lost", "a loser's work is nowhere")] * (len(losers) >= len(pictures))


def _appears(name: str) -> Hook:
    return lambda: Path(name).write_bytes(PRECIOUS)


def _becomes_folder(name: str) -> Hook:
    return lambda: Path(name).mkdir()


def _folder_gone() -> None:
    shutil.rmtree("sub")


def _folder_renamed() -> None:
    os.rename("sub", "elsewhere")


def _folder_is_file() -> None:
    shutil.rmtree("sub")
    Path("sub").write_bytes(PRECIOUS)


def _folder_shut() -> None:
    Path("sub").chmod(0o500)


def _input_replaced() -> None:
    Path("in.png").write_bytes(Path("gray.png").read_bytes())


def _input_gone() -> None:
    Path("in.png").unlink()


def _input_folder() -> None:
    Path("in.png").unlink()
    Path("in.png").mkdir()


def _mask_gone() -> None:
    Path("mask.png").unlink()


def _work_gone() -> None:
    shutil.rmtree(Path.cwd())


def _target_links() -> None:
    Path("sub/out.png").symlink_to("../in.png")


DENOISE = (
    "denoise",
    "in.png",
    "sub/out.png",
    "--checkpoint",
    "state",
    "--compare",
    "both.png",
    "--preview",
    "look.png",
    *QUICK,
)
INPAINT = ("inpaint", "in.png", "sub/out.png", "--mask", "mask.png", "--method", "dip", "--steps", "3", "--width", "4")
GENERATE = ("generate", "in.png", "sub/", "-n", "1", "--model", "model.safetensors", *SINGAN)
MEANWHILE: tuple[tuple[tuple[str, ...], Callable[[], object]], ...] = (
    (DENOISE, _appears("sub/out.png")), (DENOISE, _appears("sub/out.png.json")), (DENOISE,
                                                                                  _becomes_folder("sub/out.png")),
    (DENOISE, _becomes_folder("sub/out.png.json")), (DENOISE, _folder_gone), (DENOISE, _folder_renamed),
    (DENOISE, _folder_is_file), (DENOISE, _folder_shut), (DENOISE, _input_replaced), (DENOISE, _input_gone),
    (DENOISE, _input_folder), (DENOISE, _becomes_folder("state")), (DENOISE, _appears("both.png")), (DENOISE,
                                                                                                     _target_links),
    (DENOISE, _becomes_folder("both.png")), (DENOISE, _work_gone), (INPAINT, _mask_gone), (INPAINT, _input_replaced),
    (INPAINT, _appears("sub/out.png")), (GENERATE, _appears("model.safetensors")), (GENERATE,
                                                                                    _becomes_folder("model.safetensors")),
    (GENERATE, _appears("sub/in-01.png")), (GENERATE, _appears("sub/in-generated.json")), (GENERATE, _folder_gone),
    (GENERATE, _folder_is_file), (GENERATE, _folder_shut), (GENERATE, _becomes_folder("sub/in-01.png")), (GENERATE,
                                                                                                          _input_gone),
    (GENERATE, _becomes_folder("sub/in-generated.json")),
)  # fmt: skip


def play_meanwhile(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """While the steps are taken, someone does something to the files."""
    command, act = MEANWHILE[number % len(MEANWHILE)]
    stock.fill(room, "in.png", "gray.png", "mask.png")
    (room.work / "sub").mkdir()
    when = random.choice((0, 1))
    said = room.call(command, lambda: _at_step(when, act))
    after = see(room)
    faults = of_end(said)
    faults += [
        Fault("lost", f"left {name}")
        for name in leftovers({}, after, done=said.code == 0 and act is not _folder_renamed)
    ]
    faults += [Fault("lost", f"half a file, {name}: {why}") for name, why in unreadable(room, made({}, after)).items()
               if not _is_precious(room, name)]  # fmt: skip
    faults += _others_kept(room, act, after)
    results = [name for name in after if Path(name).suffix in RESULTS and not _is_precious(room, name)
               and Path(name).name not in ("in.png", "gray.png", "mask.png", "look.png", "both.png")]  # fmt: skip
    if said.finished and not results:
        faults.append(Fault("lost", "the work was done, and its result is nowhere"))
    faults += _true_record(stock, room, after, "in.png", results)
    told = getattr(act, "__name__", "").strip("_").replace("_", " ")
    told = told if told != "<lambda>" else f"something appears ({number % len(MEANWHILE)})"
    return Played(f"{' '.join(command)}, {told} at step {when}", said.code, faults, said.err)


def _at_step(when: int, act: Callable[[], object]) -> None:
    """In a child: do it once, after that step."""
    from oneself.core import loop

    often()
    inner, steps = loop.Run.__next__, [0]

    def stepping(run: loop.Run) -> object:
        made = inner(run)
        steps[0] += 1
        if steps[0] == when + 1:
            act()
        return made

    loop.Run.__next__ = stepping


def _is_precious(room: Room, name: str) -> bool:
    path = room.root / name
    return path.is_file() and path.stat().st_size == len(PRECIOUS) and path.read_bytes() == PRECIOUS


def _others_kept(room: Room, act: Callable[[], object], after: dict[str, str]) -> list[Fault]:
    """What someone else wrote is still there."""
    wrote = act is _folder_is_file or (
        any(cell.cell_contents for cell in act.__closure__ or ()) and "_appears" in act.__qualname__
    )
    if wrote and not any(_is_precious(room, name) for name in after):
        return [Fault("lost", "overwrote what appeared meanwhile")]
    return []


def _true_record(stock: Stock, room: Room, after: dict[str, str], name: str, results: list[str]) -> list[Fault]:
    """A record says what was restored: what was read, not what is there now."""
    read = hashlib.sha256(stock[name]).hexdigest()
    sides = [side for side in after if side.endswith(".json") and not _is_precious(room, side)]
    for side in sides:
        told = json.loads((room.root / side).read_text()).get("input")
        if isinstance(told, dict) and told["sha256"] != read:
            return [Fault("lost", f"a false record: {side} names another input")]
    return [] if sides or not results else [Fault("lost", "a result without its record")]
