"""What the documents say is what stands."""

import re
import runpy
from pathlib import Path

import oneself

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
