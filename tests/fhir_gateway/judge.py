"""An independent judge of FHIR (HL7's own validator, and a strict client), where it is at hand.

It isn't part of the project: CRYOWATCH_FHIR_JUDGE names its folder. Its build, some 200 MB, is kept in the user's
cache.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.fhir_gateway.definitions import definitions
from services.fhir_gateway.release import Release

_ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("CRYOWATCH_FHIR_JUDGE", _ROOT.parent / "shared" / "fhir-judge"))
PRESENT = (FOLDER / "judge.py").exists()
_TARGET = Path(os.environ.get("JUDGE_TARGET", Path.home() / ".cache" / "cryowatch-fhir-judge"))
_SECONDS = 280


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one resource."""

    name: str
    ok: bool
    issues: tuple[str, ...]


def _run(*words: str, sent: str | None = None) -> subprocess.CompletedProcess[str]:
    known = os.environ | {"JUDGE_TARGET": str(_TARGET)}
    command = [sys.executable, str(FOLDER / "judge.py"), *words]
    return subprocess.run(command, input=sent, env=known, capture_output=True, text=True, timeout=_SECONDS, check=False)


def build() -> str:
    """Build the judge once; what went wrong, or nothing."""
    if (_TARGET / "java").exists():
        return ""
    _TARGET.mkdir(parents=True, exist_ok=True)
    done = _run("build")
    return "" if done.returncode == 0 else (done.stderr or done.stdout)[-500:]


def support(release: Release, folder: Path) -> list[str]:
    """Options that give the judge our definitions, and HL7's cross-version extension for R4."""
    for kind in ("StructureDefinition", "CodeSystem", "ValueSet"):
        for name, one in definitions(release)[kind].items():
            (folder / f"{kind}-{name}.json").write_text(json.dumps(one))
    also = ["--support", str(FOLDER / "support" / "R4")] if release is Release.R4 else []
    return ["--support", str(folder), *also]


def validate(release: Release, resources: Iterable[tuple[str, Any]], options: list[str]) -> list[Verdict]:
    """The judge's verdicts, as strict as it can be; warnings are issues, too."""
    lines = [json.dumps({"name": name, "resource": one}) for name, one in resources]
    strict = ["--strict-extensions", "--all-codings", "--show", "warning"]
    done = _run("validate", "--fhir", release.name, *options, *strict, "--stdin", sent="\n".join(lines) + "\n")
    issues: dict[str, list[str]] = {}
    verdicts = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        if "severity" in said:
            issues.setdefault(said["file"], []).append(f"{said['severity']} {said.get('id')}: {said['message']}")
        elif "ok" in said:
            verdicts.append(Verdict(said["file"], said["ok"], tuple(issues.pop(said["file"], ()))))
    assert len(verdicts) == len(lines), done.stderr[-1000:]
    return verdicts


def read_as_a_client(release: Release, base: str, options: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """How many checks of the strict client passed, and those that failed."""
    done = _run("client", "--base", base, "--fhir", release.name, "--validate", *options)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said, done.stderr[-1000:]
    assert "passed" in said[-1], done.stderr[-1000:]
    return said[-1]["passed"], [check for check in said if check.get("ok") is False]
