"""What the documents say is what stands."""

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import oneself
from oneself.testing import check_all

ROOT = Path(__file__).parents[2]


def test_the_table_of_methods_is_the_registrys():
    made = runpy.run_path(str(ROOT / "docs" / "methods_table.py"))["page"]()
    assert (ROOT / "docs" / "methods.md").read_text() == made, "run: python docs/methods_table.py"


def test_the_readme_names_every_method_and_only_those():
    readme = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE)
    assert sorted(rows) == sorted(record.key for record in oneself.methods())


def test_the_readme_has_two_commands_for_a_fresh_machine():
    readme = (ROOT / "README.md").read_text()
    for mark in ("demo", "tests"):
        assert re.search(rf"<!-- {mark} -->\n```\n[^\n]+\n```", readme), f"no line after <!-- {mark} -->"


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_worked_example_keeps_the_contract(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "writing-a-method.md").read_text()
    file = tmp_path / "dip_smooth.py"
    file.write_text("\n\n".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)))
    spec = importlib.util.spec_from_file_location("dip_smooth", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "dip_smooth", module)
    spec.loader.exec_module(module)
    check_all(module.dip_smooth, only=["answer_fits", "no_host_read", "options_count", "row", "record"])
    assert module.dip_smooth.key not in {record.key for record in oneself.methods()}
