"""``make audit``: the pinned packages against the advisory database, and no silent pass where it can't be reached.

A vulnerability fails, unless ``requirements/advisories.toml`` sets it aside with a reason until a day. Packages that
could not be looked up are named, and fail it where ``AUDIT=required``: a mirror of the package index offers no
advisories. pip-audit by itself ends well when it looked up nothing.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("dev.txt",)  # all of runtime.txt is in it
ASIDE = ROOT / "requirements" / "advisories.toml"


@dataclass(frozen=True, slots=True)
class SetAside:
    """An advisory that doesn't fail the audit, why, and until which day."""

    id: str
    reason: str
    until: date


@dataclass
class Verdict:
    """What an audit found: vulnerabilities, those set aside, and packages that weren't looked up."""

    audited: int = 0
    found: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def set_aside(text: str) -> list[SetAside]:
    """The advisories of the file. ValueError in words when one lacks its reason or its day."""
    found = []
    for entry in tomllib.loads(text).get("advisory", []):
        if not str(entry.get("reason", "")).strip() or type(entry.get("until")) is not date or not entry.get("id"):
            raise ValueError(f"advisories.toml: {entry.get('id', 'an entry')} needs id, reason and until (a day)")
        found.append(SetAside(entry["id"], entry["reason"], entry["until"]))
    return found


def judge(report: dict[str, Any], aside: Sequence[SetAside], today: date) -> Verdict:
    """pip-audit's JSON report as a verdict."""
    verdict = Verdict()
    valid = {one.id: one for one in aside if today <= one.until}
    for package in report["dependencies"]:
        if "skip_reason" in package:
            verdict.skipped.append(package["name"])
            continue
        verdict.audited += 1
        for one in package["vulns"]:
            known = next((valid[name] for name in (one["id"], *one.get("aliases", ())) if name in valid), None)
            mended = ", ".join(one.get("fix_versions", ())) or "none yet"
            line = f"{package['name']} {package['version']}: {one['id']} (mended in: {mended})"
            if known:
                verdict.aside.append(f"{line}, set aside until {known.until}: {known.reason}")
            else:
                verdict.found.append(line)
    return verdict


def _report(lock: str) -> dict[str, Any]:
    """pip-audit's report; an empty one, with the packages skipped, when it couldn't look anything up."""
    words = ["-r", str(ROOT / "requirements" / lock), "--disable-pip", "--require-hashes", "-f", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *words, "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        print(f"pip-audit failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        found = {"dependencies": [{"name": f"all of {lock}", "skip_reason": "failed"}]}
    return found


def main() -> int:
    """0 when nothing was found; 1 for a vulnerability, and where required for packages that weren't looked up."""
    aside = set_aside(ASIDE.read_text("utf-8"))
    verdicts = [judge(_report(lock), aside, datetime.now(UTC).date()) for lock in LOCKS]
    found = sorted({line for verdict in verdicts for line in verdict.found})
    skipped = sorted({name for verdict in verdicts for name in verdict.skipped})
    for line in sorted({line for verdict in verdicts for line in verdict.aside}):
        print(line)
    for line in found:
        print(line, file=sys.stderr)
    if skipped:
        some = "no package" if not any(v.audited for v in verdicts) else f"{len(skipped)} packages not"
        print(f"NOT AUDITED: the advisory database can't be reached here; {some} looked up.", file=sys.stderr)
    return 1 if found or (skipped and os.environ.get("AUDIT") == "required") else 0


if __name__ == "__main__":
    sys.exit(main())
