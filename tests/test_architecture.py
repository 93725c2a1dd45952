"""The shape of the code: which part imports which, what an import costs, and what modules are called."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "oneself"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 400
PARTS = {"networks", "examples", "terms", "stopping", "optim", "priors", "physics", "noise", "generators"}
# What each part may import of the package, beside itself.
ALLOWED = {
    "machine": set(),
    "core": {"machine"},
    **{name: {"core"} for name in PARTS - {"examples", "generators", "physics", "stopping", "terms"}},
    "examples": {"core", "physics"},  # sons are made by an operator's turns and shrinking
    "generators": {"core", "networks", "physics"},  # levels are convolutions between which images are enlarged
    "physics": {"core"},
    "stopping": {"core", "terms"},  # a residual is a term that is looked at
    "terms": {"core", "physics"},  # back-projection undoes the operator
    "risk": {"core", "examples", "physics", "splitting", "stopping", "terms"},
    "blurs": {"core", "optim", "physics", "terms"},
    "splitting": {"core", "terms"},
    "filters": set(),
    "groups": {"core", "examples"},
    "coloured": {"core", "examples", "groups"},
    "haze": {"filters"},
    "layers": {"core", "examples", "stopping", "terms"},
    "options": {"core"},
    "posterior": {"core", "networks", "noise"},
    "data": {"machine"},
    "shots": set(),
    "recipes": PARTS
    | {
        "blurs",
        "coloured",
        "core",
        "filters",
        "groups",
        "haze",
        "layers",
        "options",
        "posterior",
        "risk",
        "shots",
        "splitting",
    },
    "registry": {"core", "recipes"},
    "auto": {"core", "noise", "physics"},
    "images": {"data"},
    "masks": {"images"},
    "scaling": {"core", "data", "physics", "registry"},
    "model": {"core", "data", "generators"},
    "animation": {"core", "generators", "model"},
    "text": {"core", "physics"},
    "enlarging": {"core", "generation", "generators", "model", "physics"},
    "clips": {"core", "generation", "generators", "images", "model"},
    "generation": {"core", "filters", "generators", "images", "model", "problems", "quantities", "registry"},
    "quantities": set(),
    "problems": {"auto", "core", "physics", "registry"},
    "calibration": {"core", "images", "noise", "problems", "registry", "scaling"},
    "estimation": {"core", "images", "physics", "problems", "scaling"},
    "restoration": {"core", "data", "estimation", "images", "masks", "physics", "problems", "registry", "scaling"},
    "testing": {"core", "physics", "registry", "restoration"},
}
LIBRARIES = {
    "core": {"torch", "numpy", "safetensors"},
    **{
        name: {"torch"}
        for name in (PARTS - {"priors", "noise"})
        | {"blurs", "coloured", "filters", "groups", "haze", "layers", "posterior", "recipes", "registry"}
    },
    "priors": {"torch", "numpy", "skimage"},
    "shots": {"torch", "skimage"},
    "noise": {"numpy", "scipy"},
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
    dip, loop = set(imported(SOURCE / "recipes" / "dip.py")), set(imported(SOURCE / "core" / "loop.py"))
    assert {"torch.Tensor", "oneself.core.Fit", "oneself.networks.Skip"} <= dip
    assert own(SOURCE / "recipes" / "dip.py") >= {"core", "networks", "stopping"}
    assert {"time", "torch", "oneself.core.fitting.Fitting"} <= loop
    assert set().union(*(own(path) for path in MODULES if part(path) == "data")) == {"machine"}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_imports_point_one_way(name):
    files = [path for path in MODULES if part(path) == name]
    assert files
    for path in files:
        assert own(path) <= ALLOWED[name], path.relative_to(ROOT)


def test_every_part_has_a_place():
    elsewhere = {"__init__", "cli", "commands"}  # what stands above all others
    assert {part(path) for path in MODULES} == ALLOWED.keys() | elsewhere
    for path in MODULES:
        if part(path) not in {*elsewhere, "testing"}:  # the contract looks at the front doors, too
            assert not own(path) & {"cli", "commands", "restoration"} - {part(path)}, path.relative_to(ROOT)


def test_no_recipe_imports_another():
    recipes = {path.stem for path in MODULES if part(path) == "recipes"} - {"__init__"}
    assert {"dip", "zs_n2n"} <= recipes
    for path in (SOURCE / "recipes").glob("*.py"):
        found = {name for name in imported(path) if name.startswith("oneself.recipes")}
        assert not found, path.name


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
