"""The shape of the code: which part imports which, what an import costs, and what modules are called."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import oneself

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "oneself"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 400
PARTS = {
    "denoisers",
    "generative",
    "geometry",
    "imaging",
    "inputs",
    "losses",
    "networks",
    "noise",
    "operators",
    "optim",
    "stopping",
}
# What each part may import of the package, beside itself.
ALLOWED = {
    "machine": set(),
    "quantities": set(),
    "io": {"machine"},
    "domains": {"operators"},  # what an operator keeps of an image
    "core": {"domains", "machine"},
    "geometry": set(),
    "imaging": set(),
    "noise": set(),
    "operators": set(),
    "denoisers": set(),
    "optim": {"core"},
    "networks": {"imaging"},  # blocks are cut out and put back
    "inputs": {"core", "imaging", "operators"},  # sons are made by an operator's turns and shrinking
    "losses": {"core", "operators"},  # back-projection undoes the operator
    "stopping": {"core", "losses"},  # a residual is a loss that is looked at
    "generative": {
        "core",
        "domains",
        "imaging",
        "networks",
        "operators",
    },  # images grow between levels of convolutions
    "recipes": PARTS | {"core", "domains"},
    "registry": {"core", "domains", "recipes"},
    "tasks": {
        "core",
        "domains",
        "generative",
        "imaging",
        "io",
        "networks",
        "noise",
        "operators",
        "quantities",
        "registry",
    },
    "testing": {"core", "domains", "losses", "operators", "registry", "tasks"},
    "drawing": set(),
    "pretraining": {"core", "drawing", "io", "networks", "operators", "optim"},
    "jobs": {"core", "domains", "geometry", "imaging", "io", "operators", "quantities", "registry", "tasks"},
}
LIBRARIES = {
    "core": {"torch", "numpy", "psutil", "safetensors"},
    **{
        name: {"torch"}
        for name in (PARTS - {"denoisers", "generative", "geometry", "imaging", "networks", "noise"})
        | {"recipes", "registry"}
    },
    "denoisers": {"torch", "numpy", "skimage"},
    "generative": {"torch", "numpy"},
    "geometry": {"torch", "numpy", "scipy", "skimage"},
    "imaging": {"torch", "skimage"},
    "networks": {"torch", "numpy", "safetensors", "spandrel"},  # files of weights
    "noise": {"numpy", "scipy"},
    "drawing": {"torch", "numpy", "scipy", "PIL"},
    "pretraining": {"torch", "numpy", "safetensors"},
}


def part(path: Path) -> str:
    """The folder or module under the package that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; ``from a import b`` gives both ``a`` and ``a.b``."""
    package = ("oneself", *path.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own(path: Path) -> set[str]:
    """The parts of the package that a file imports."""
    names = {name.split(".")[1] for name in imported(path) if name.startswith("oneself.")}
    return names - {part(path)}


def test_the_reading_of_imports_finds_them():
    dip, loop = set(imported(SOURCE / "recipes" / "prior" / "dip.py")), set(imported(SOURCE / "core" / "loop.py"))
    assert {"torch.Tensor", "oneself.core.Fit", "oneself.networks.Skip"} <= dip
    assert own(SOURCE / "recipes" / "prior" / "dip.py") >= {"core", "networks", "stopping"}
    assert {"time", "torch", "oneself.core.runner.StageRunner"} <= loop
    assert set().union(*(own(path) for path in MODULES if part(path) == "io")) == {"machine"}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_imports_point_one_way(name):
    files = [path for path in MODULES if part(path) == name]
    assert files
    for path in files:
        assert own(path) <= ALLOWED[name], path.relative_to(ROOT)


def test_every_part_has_a_place():
    assert {part(path) for path in MODULES} == ALLOWED.keys() | {"__init__", "cli"}  # what stands above all others


def test_no_method_imports_another():
    methods = {record.key for record in oneself.methods()}
    files = {path.stem: path for path in (SOURCE / "recipes").rglob("*.py") if path.stem in methods}
    assert files.keys() == methods
    for path in files.values():
        found = {
            name.split(".")[3] for name in imported(path) if name.startswith("oneself.recipes.") and name.count(".") > 2
        }
        assert not found & methods, path.name


def test_only_the_registry_imports_recipes():
    for path in MODULES:
        if part(path) not in ("recipes", "registry"):
            assert "recipes" not in own(path), path.relative_to(ROOT)


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_libraries(name):
    for path in MODULES:
        if part(path) == name:
            found = {module.split(".")[0] for module in imported(path)}
            foreign = found - set(sys.stdlib_module_names) - {"oneself"}
            assert foreign <= LIBRARIES[name], path.relative_to(ROOT)


def test_modules_are_short():
    for path in [*MODULES, *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "docs").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= LONGEST, path.relative_to(ROOT)


def test_modules_are_named_after_what_they_hold():
    for path in [*ROOT.glob("*/**/*.py"), *MODULES]:
        if not set(path.relative_to(ROOT).parts[:-1]) & {".venv", "build", "dist"}:
            assert not re.search(r"util|helper|misc|common", path.stem), path.relative_to(ROOT)


def committed() -> list[Path]:
    """Files that git has, or would take; those of the folder where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    return [ROOT / name for name in names if (ROOT / name).is_file()] or MODULES


def test_no_file_knows_this_machine():
    machine = re.compile(rb"(?<![\w.])/(?:work|root|home|Users|opt|mnt)/\w|(?<![\w.])/tmp/\w|[A-Z]:\\Users")
    inside = b"/".join([b"", b"work", b"x"])
    assert machine.search(b"see " + inside)
    assert not machine.search(b"frames" + inside)
    for path in committed():
        found = machine.search(path.read_bytes())
        assert found is None, f"{path.relative_to(ROOT)}: {found}"


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after some code."""
    code = f"{code}\nimport sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"torch", "numpy", "deepinv", "skimage", "scipy", "imageio", "tifffile", "PIL", "typer", "rich", "matplotlib"}


def test_importing_the_package_costs_nothing():
    assert not loaded("import oneself") & HEAVY


def test_the_command_line_starts_without_torch():
    assert not loaded("import oneself.cli") & (HEAVY - {"typer", "rich"})


def test_denoising_imports_neither_deepinv_nor_files():
    after = loaded("from oneself import denoise, methods; methods()")
    assert {"torch", "numpy"} <= after
    assert not after & {"deepinv", "skimage", "imageio", "tifffile", "typer", "rich", "matplotlib"}
