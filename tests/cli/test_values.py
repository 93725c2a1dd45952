"""What is typed for a flag is refused by name where it is absurd, before anything is read."""

import numpy as np
import pytest
from PIL import Image

from oneself.cli import app, main

ANY = "denoise photo.png out.png"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{ANY} --sigma 1e23", "denoise(--sigma 1e+23): out of range. Give a number above 0 and at most 1e+20"),
        (f"{ANY} --sigma inf", "out of range"),
        (f"{ANY} --seconds 1e-320", "at least 0.001"),
        (f"{ANY} --seconds 1e300", "at most 1e+09"),
        (f"{ANY} --seed -1", "denoise(--seed -1): out of range"),
        (f"{ANY} --seed {2**200}", "out of range"),
        (f"{ANY} --data-range 1e23", "not a range"),
        (f"{ANY} --data-range 0 1e-320", "not a range"),
        (f"{ANY} --data-range nan", "not a range"),
        (f"{ANY} --data-range 1,inf", "not a range"),
        (f"{ANY} --data-range 1 1.0000000000000002", "not a range"),
        (f"{ANY} --device cpu:99", "there is none here"),
        (f"{ANY} --method dip --lr 1e308", "dip(lr=1e+308): out of range. Give a number above 0 and at most 1000"),
        (f"{ANY} --method dip --steps {10**12}", "at most 1e+07"),
        (f"{ANY} --method dip --width {10**9}", "at most 1024"),
        (f"{ANY} --method dip --levels {10**6}", "at most 8"),
        (f"{ANY} --method nonlocal_wiener --gain 1e308", "nonlocal_wiener(gain=1e+308): out of range"),
        ("animate m.safetensors --rate 1e-320", "animate(--rate 9.99989e-321): out of range"),
        ("animate m.safetensors --rate nan", "out of range"),
        ("super-resolve photo.png --scale 1000000", "Give a smaller scale, or a crop of the picture"),
        ("generate photo.png --method singan --start-scale 99", "this model has the scales 0 (coarsest) to"),
        ("kernel photo.png k.jpg", "kernel(out='k.jpg'): .jpg changes the values"),
        ("deblur photo.png --kernel k.jpeg", "read(kernel='k.jpeg'): JPEG has changed the kernel"),
        ("separate photo.png --task transparency --second photo.png", "it is the picture itself"),
        ("correct photo.png --ridge -1", "correct(--ridge -1): out of range"),
        ("calibrate photo.png --seconds 0", "calibrate(--seconds 0): out of range"),
        ("generate photo.png --method sinddm --text fire --clip c --strength inf", "out of range"),
    ],
)
def test_absurd_values(oneself, folder, line, words):
    Image.fromarray(np.eye(9, dtype=np.uint8) * 255).save("k.jpeg")
    said = oneself(line)
    assert (said.code, said.err.count("\n")) == (2, 1), said.err
    assert words in said.err
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {"photo.png", "k.jpeg"}


def commands():
    """The parameters of every command."""
    tasks = {name: app._task_parameters(name, None) for name in app.TASKS}
    return tasks | {"generate": app._generating(None)} | {name: told for name, (_, told) in app._others().items()}


NEEDED = {"source": "photo.png", "model": "m", "record": "r.json", "file": "photo.png", "scale": "2", "mask": "m.png",
          "kernel": "k.npy", "task": "dehaze", "weights": "w.safetensors", "kind": "denoiser",
          "out": "w.safetensors"}  # fmt: skip


def typed(parameters, beside):
    """What a command cannot do without, besides one parameter."""
    needed = [one for one in parameters if one.default is one.empty and one is not beside]
    flags = [[spelling(one), NEEDED[one.name]] for one in needed if spelling(one).startswith("-")]
    return [word for pair in flags for word in pair], [NEEDED[one.name] for one in needed if spelling(one)[0] != "-"]


def spelling(parameter):
    return parameter.annotation.__metadata__[1].spelling


TEXTS = [
    (name, parameter.name)
    for name, parameters in commands().items()
    for parameter in parameters
    if parameter.name != "method" and "str" in str(parameter.annotation.__origin__)
]


@pytest.mark.parametrize(("name", "parameter"), TEXTS)
def test_no_text_may_be_empty(capsys, folder, name, parameter):
    parameters, empty = commands()[name], "" if len(parameter) % 2 else " "
    (tried,) = [one for one in parameters if one.name == parameter]
    flags, places = typed(parameters, tried)
    positionals = [one for one in parameters if spelling(one)[0] != "-"]
    if spelling(tried)[0] == "-":
        flags += [spelling(tried), empty]
    else:
        places.insert(positionals.index(tried), empty)
    assert main([name, *flags, *places]) == 2
    said = capsys.readouterr().err
    assert f"{name}({spelling(tried)} {empty!r}): empty" in said
    assert said.count("\n") == 1


def test_every_number_has_limits():
    for parameters in commands().values():
        for parameter in parameters:
            kind = str(parameter.annotation.__origin__)
            if "float" in kind:
                limits = parameter.annotation.__metadata__[1].limits
                assert limits["at most"] < float("inf"), parameter.name
                assert max(limits["at least"], limits["above"]) >= 0, parameter.name
