"""The simulators stand apart: they import no service, and no service imports them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                yield path, node.module or ""
            elif isinstance(node, ast.Import):
                yield from ((path, name.name) for name in node.names)


def test_simulators_import_nothing_of_the_services_but_the_contracts() -> None:
    foreign = [
        (path.name, module)
        for path, module in imported(ROOT / "simulators")
        if module.startswith("services") and not module.startswith("services.contracts")
    ]
    assert foreign == []


def test_no_service_imports_the_simulators() -> None:
    assert [path for path, module in imported(ROOT / "services") if module.split(".")[0] == "simulators"] == []
