"""The command through its own door."""

import json
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command.__main__ import main
from simulators.play import build_run, write_folder

ROOT = Path(__file__).parents[2]
SITES = str(ROOT / "deploy" / "sites.example.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("export")
    write_folder(build_run(seed=31, cohort="paper", faults=0.4), made)
    return made


def analyzed(folder: Path) -> str:
    done = CliRunner().invoke(main, ["analyze", str(folder), "--json", "--sites", SITES])
    assert 0 == done.exit_code, done.output
    return done.stdout


def test_analyze_finds_the_papers_25_events(folder: Path) -> None:
    document = json.loads(analyzed(folder))
    assert (89, 25) == (len(document["records"]), len(document["events"]))
    assert (22, 83) == (document["rates"]["all/patients.treated_with_event"], document["rates"]["all/patients.treated"])


def test_analyze_gives_the_same_bytes_for_another_order_and_every_message_twice(folder: Path, tmp_path: Path) -> None:
    """File names are the order: give them new ones, twice."""
    dice = random.Random(4)
    for kind in ("hl7v2", "fhir", "telemetry"):
        (tmp_path / kind).mkdir()
        for path in (folder / kind).iterdir():
            for _ in range(2):
                shutil.copy(path, tmp_path / kind / f"{dice.random():.12f}{path.suffix}")
    once, twice = json.loads(analyzed(folder)), json.loads(analyzed(tmp_path))
    for part in ("records", "events", "rates"):
        assert json.dumps(once[part]) == json.dumps(twice[part])
    assert 2 * sum(once["ledger"].values()) == sum(twice["ledger"].values())


def test_analyze_shows_tables_to_people(folder: Path) -> None:
    done = CliRunner().invoke(main, ["analyze", str(folder), "--sites", SITES])
    assert "22 / 83" in done.stdout
    assert "26.5 % (18.2-36.9)" in done.stdout


def test_analyze_of_an_empty_folder_says_what_it_wants(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["analyze", str(tmp_path)])
    assert 2 == done.exit_code
    assert "hl7v2/*.hl7" in done.output


def test_read_answers_json_lines_with_json_lines() -> None:
    lines = [
        {"id": "a", "lang": "en", "text": "No pneumothorax. Small left pleural effusion."},
        {
            "id": "b",
            "lang": "en",
            "text": "IMPRESSION: Small left pneumothorax and left pleural effusion, chest tube placed.",
            "procedure_context": {"organ": "lung", "side": "left", "site": "lung"},
        },
    ]
    done = CliRunner().invoke(main, ["read"], input="\n".join(map(json.dumps, lines)) + "\n")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    found = {(f["finding"], f["assertion"], f["side"]) for f in first["findings"]}
    assert {("pneumothorax", "absent", None), ("pleural_effusion", "present", "left")} == found
    assert "events" not in first
    grades = {"orsi-2024": 2, "sir-2017": 2}
    assert [{"event": "hydropneumothorax", "side": "left", "grades": grades}] == second["events"]


def test_read_shows_a_table_for_plain_text() -> None:
    done = CliRunner().invoke(main, ["read"], input="Small right pleural effusion, unchanged.\n")
    assert "pleural_effusion" in done.stdout


def test_read_refuses_a_line_without_text() -> None:
    done = CliRunner().invoke(main, ["read"], input='{"id": 1}\n')
    assert 2 == done.exit_code
    assert '"text"' in done.output


@pytest.mark.parametrize("verb", [["topics", "check"], ["topics", "create", "--wait", "1"]])
def test_without_a_broker_the_topics_verbs_say_so(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_KAFKA", "127.0.0.1:1")
    done = CliRunner().invoke(main, verb)
    assert 1 == done.exit_code
    assert "CRYOWATCH_KAFKA" in done.output


@pytest.mark.parametrize("verb", [["rates"], ["events"], ["migrate", "--wait", "0"]])
def test_without_a_database_a_verb_says_so(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_DATABASE_URL", "postgresql+psycopg://u@127.0.0.1:1/d")
    done = CliRunner().invoke(main, verb)
    assert 1 == done.exit_code
    assert "CRYOWATCH_DATABASE_URL" in done.output
