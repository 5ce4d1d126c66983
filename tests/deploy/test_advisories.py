"""The audit says what it didn't look up, and sets nothing aside without a reason and an end."""

from datetime import date
from typing import Any

import pytest

from deploy.advisories import ASIDE, SetAside, judge, main, set_aside

TODAY = date(2026, 12, 1)


def package(name: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


BAD = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}


def test_a_vulnerability_is_named_with_its_cure() -> None:
    verdict = judge({"dependencies": [package("good"), package("bad", BAD)]}, [], TODAY)
    assert ["bad 1.0: PYSEC-2026-1 (mended in: 1.1)"] == verdict.found
    assert 2 == verdict.audited
    assert not verdict.skipped


@pytest.mark.parametrize("name", ["PYSEC-2026-1", "CVE-2026-1"])
def test_it_can_be_set_aside_until_a_day(name: str) -> None:
    report = {"dependencies": [package("bad", BAD)]}
    assert not judge(report, [SetAside(name, "not reached", TODAY)], TODAY).found
    assert judge(report, [SetAside(name, "not reached", date(2026, 11, 30))], TODAY).found
    assert judge(report, [SetAside("another", "not reached", TODAY)], TODAY).found


def test_what_was_not_looked_up_is_not_good() -> None:
    verdict = judge({"dependencies": [{"name": "x", "skip_reason": "not found on PyPI"}]}, [], TODAY)
    assert ["x"] == verdict.skipped
    assert 0 == verdict.audited


@pytest.mark.parametrize(("audit", "code"), [("required", 1), ("", 0)])
def test_without_the_database_it_says_so_and_fails_where_it_is_required(
    audit: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = {"dependencies": [{"name": "x", "skip_reason": "not found"}]}
    monkeypatch.setattr("deploy.advisories._report", lambda lock: skipped)
    monkeypatch.setenv("AUDIT", audit)
    assert code == main()
    assert "NOT AUDITED" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        'id = "X"',
        'id = "X"\nreason = "y"',
        'id = "X"\nreason = " "\nuntil = 2027-01-01',
        'reason = "y"\nuntil = 2027-01-01',
    ],
)
def test_an_entry_needs_a_reason_and_a_day(text: str) -> None:
    with pytest.raises(ValueError, match="needs id, reason and until"):
        set_aside(f"[[advisory]]\n{text}")


def test_the_projects_own_list_can_be_read() -> None:
    assert all(one.reason for one in set_aside(ASIDE.read_text("utf-8")))
