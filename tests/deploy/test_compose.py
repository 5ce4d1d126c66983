"""What compose.yaml promises an operator: hardened containers, exact images, secrets that exist, settings explained."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from services.runtime.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OWN = sorted(name for name, service in SERVICES.items() if str(service.get("image", "")).startswith("cryowatch:"))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_can_gain_privileges(name: str) -> None:
    assert ["ALL"] == SERVICES[name]["cap_drop"]
    assert ["no-new-privileges:true"] == SERVICES[name]["security_opt"]
    assert "privileged" not in SERVICES[name]


@pytest.mark.parametrize("name", OWN)
def test_our_containers_write_to_a_temporary_folder_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert all(volume.endswith(":ro") for volume in SERVICES[name]["volumes"])
    assert "cap_add" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_has_a_memory_limit_and_an_exact_image(name: str) -> None:
    assert SERVICES[name]["mem_limit"]
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?\d+(\.\d+)*", tag)


def test_the_script_makes_every_secret_readable_and_keeps_what_is_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    script = ["bash", "deploy/secrets/create.sh"]
    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True, umask=0o077)
    paths = [tmp_path / secret["file"] for secret in COMPOSE["secrets"].values()]
    made = {path.name: path.read_text() for path in paths}
    assert {64} == {len(value) for value in made.values()}
    assert len(paths) == len(set(made.values()))
    for path in (*paths, tmp_path / "sites.toml"):
        assert path.stat().st_mode & stat.S_IROTH, path.name

    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True)
    assert made == {path.name: path.read_text() for path in paths}


def example() -> dict[str, str]:
    lines = (ROOT / "deploy/env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_environment_names_every_variable_that_compose_reads_and_settings_with_their_defaults() -> None:
    text = TEXT + (ROOT / "deploy/compose.tls.yaml").read_text("utf-8")
    read = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    settings = {f"{PREFIX}{name.upper()}": str(field.default) for name, field in Settings.model_fields.items()}
    assert read.items() <= example().items()
    assert settings.items() >= example().items() - read.items()


@pytest.mark.parametrize("name", OWN)
def test_every_setting_can_be_given_in_the_environment_file_but_for_those_that_compose_sets(name: str) -> None:
    assert [{"path": ".env", "required": False}] == SERVICES[name]["env_file"]
    assert not SERVICES[name]["environment"].keys() & (example().keys() - {"CRYOWATCH_CLIENT_CA"})


def test_the_tls_file_changes_only_services_and_settings_that_there_are() -> None:
    more = yaml.safe_load((ROOT / "deploy/compose.tls.yaml").read_text("utf-8"))["services"]
    assert more.keys() <= SERVICES.keys()
    named = {name for service in more.values() for name in service["environment"]}
    assert named <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def test_the_image_is_built_from_what_dockerignore_lets_in() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "deploy/Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert allowed == set(copies)
    assert all((ROOT / path).exists() for path in copies)
