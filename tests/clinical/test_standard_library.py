"""The clinic stands on the standard library alone: whatever else is installed, nothing of it is imported."""

import ast
import sys
from pathlib import Path

import services.clinical

ROOT = Path(services.clinical.__file__).parent


def imported() -> set[str]:
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
    return found


def test_nothing_but_the_standard_library_and_the_clinic_itself_is_imported() -> None:
    names = imported()
    assert "dataclasses" in names
    strangers = {n for n in names if n.split(".")[0] not in sys.stdlib_module_names}
    assert {n for n in strangers if not n.startswith("services.clinical")} == set()
