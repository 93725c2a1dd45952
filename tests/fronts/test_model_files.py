"""A model's file is checked against what it must hold before anything is made of it."""

import numpy as np
import pytest
import torch

from oneself import Model
from oneself.core.checkpoint import load_tree, save_tree
from oneself.tasks.generation import Training

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
TINY = {
    "singan": {"min_size": 12, "layers": 3, "width": 8},
    "sinddm": {"min_size": 16, "layers": 3, "dilated_layers": 1, "width": 8, "timesteps": 4},
    "sinfusion": {"timesteps": 3, "width": 8, "blocks": 1, "kernel_radius": 1},
}
HUGE = 10**6
CLAIMS = {
    "singan": {"channels": HUGE, "layers": HUGE, "widths": [HUGE, 8], "sizes": [[HUGE, HUGE], [24, 20]]},
    "sinddm": {"channels": HUGE, "layers": HUGE, "width": HUGE, "timesteps": 10**9, "sizes": [[12, 12], [HUGE, 20]]},
    "sinfusion": {
        "shape": [1, 3, HUGE, HUGE],
        "blocks": HUGE,
        "width": HUGE,
        "timesteps": 10**9,
        "kernel_radius": HUGE,
    },
}
MODEST = {
    "singan": {"layers": 200, "widths": [60000]},
    "sinddm": {"layers": 200, "width": 2**16},
    "sinfusion": {"blocks": 200, "width": 2**16, "kernel_radius": 200},
}


@pytest.fixture(scope="module", params=TINY)
def tree(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m"
    Training(PICTURE, request.param, device="cpu", **TINY[request.param]).untrained().save(path)
    return load_tree(path)


def refused(tree, tmp_path, words="damaged"):
    save_tree(tree, tmp_path / "m")
    with pytest.raises(ValueError, match=words) as refusal:
        Model.load(tmp_path / "m", device="cpu")
    assert "\n" not in str(refusal.value)


def test_what_is_whole_is_read(tree, tmp_path):
    save_tree(tree, tmp_path / "m")
    assert Model.load(tmp_path / "m", device="cpu").sample(1).dtype == np.uint8


def test_each_entry_is_needed(tree, tmp_path):
    for name in tree:
        refused({key: value for key, value in tree.items() if key != name}, tmp_path, "load")
        refused({**tree, name: object.__name__ if isinstance(tree[name], dict) else {}}, tmp_path, "load")
    for name in (*tree["layout"], *tree["configuration"]):
        for part in ("layout", "configuration"):
            if name in tree[part]:
                rest = {key: value for key, value in tree[part].items() if key != name}
                optional = name in ("batch_norm", "dilated_layers", "closed_form", "s_noise")
                refused(tree | {part: rest}, tmp_path) if not optional else None
                refused(tree | {part: tree[part] | {name: "text"}}, tmp_path)
    for name in ("picture", "z_star"):
        rest = {key: value for key, value in tree["state"].items() if key != name}
        refused(tree | {"state": rest}, tmp_path)
        refused(tree | {"state": tree["state"] | {name: torch.zeros(1)}}, tmp_path)


def test_no_memory_is_taken_for_what_is_only_claimed(tree, tmp_path):
    for name, value in (*CLAIMS[tree["method"]].items(), *MODEST[tree["method"]].items()):
        refused(tree | {"configuration": tree["configuration"] | {name: value}}, tmp_path)


@pytest.mark.parametrize("method", ["sinister", "", "dip"])
def test_another_method_is_refused(tree, tmp_path, method):
    refused(tree | {"method": method}, tmp_path, "makes no pictures")
