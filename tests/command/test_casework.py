"""The verbs of the dead-letter desk, of decisions and of reviews, on a real database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from deploy.local.database import LocalDatabase
from services.charts.publishing import Publisher
from services.command.__main__ import main
from services.command.migrate import alembic_config
from services.runtime import ledger
from services.runtime.database import make_engine
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Invalid
from services.runtime.settings import Settings
from tests.builders import LONG_AFTER, RULES, procedure, report

pytestmark = pytest.mark.live
Run = Callable[..., Result]
BYTES = b"MSH|^~\\&|RIS|IEO\rPID|1||\xe0\r"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with LocalDatabase() as server:
        engine = make_engine(Settings(database_url=server.create_database("verbs")))
        command.upgrade(alembic_config(engine), "head")
        yield engine
        engine.dispose()


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CRYOWATCH_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE message_ledger, dead_letters, outbox CASCADE"))

    def invoke(*words: str, **given: object) -> Result:
        return CliRunner().invoke(main, list(words), **given)  # type: ignore[arg-type]

    return invoke


@pytest.fixture
def places(engine: Engine, run: Run) -> list[str]:
    messages = [InboundMessage("hl7v2-inbound", 0, n, BYTES, b"k", {"cw-source": b"mllp"}) for n in range(3)]
    with engine.begin() as connection:
        handled = [(m, Invalid("patient_not_identified", "PID-3")) for m in messages]
        ledger.enter(connection, "report_normalizer", handled, lambda *_: None)
    return [m.place for m in messages]


def acts(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT value FROM outbox WHERE topic = 'audit-events' ORDER BY id")).scalars()
        records = [json.loads(bytes(value)) for value in rows]
    return [(r["subtype"][1]["code"], r["agent"][2]["name"]) for r in records]


def test_list_shows_places_and_codes_and_pages(run: Run, places: list[str], engine: Engine) -> None:
    done = run("dead-letters", "list", "--count", "2", "--operator", "M. Rossi")
    assert done.exit_code == 0, done.output
    assert places[2] in done.stdout
    assert places[0] not in done.stdout
    assert "patient_not_identified: 3" in done.stdout
    after = done.stderr.split()[-1]
    rest = run("dead-letters", "list", "--after", after, "--json", "--operator", "M. Rossi")
    assert [places[0]] == [json.loads(line)["place"] for line in rest.stdout.splitlines()]
    assert [("dead-letters-list", "M. Rossi")] * 2 == acts(engine)


def test_show_makes_bytes_readable_and_raw_gives_them_as_they_are(run: Run, places: list[str]) -> None:
    shown = run("dead-letters", "show", places[0]).stdout
    assert "code: patient_not_identified" in shown
    assert "header cw-source: mllp" in shown
    assert "PID|1||à" in shown.splitlines()
    assert BYTES == run("dead-letters", "show", places[0], "--raw").stdout_bytes


def test_edit_and_replay_of_one(run: Run, places: list[str], engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "m.hl7"
    file.write_bytes(BYTES.replace(b"\xe0", b"P1"))
    assert "edit 1" in run("dead-letters", "edit", places[0], "--body", str(file), "--why", "PID-3").stdout
    done = run("dead-letters", "replay", places[0], "--operator", "L. Bianchi")
    assert "desk service" in done.stderr
    with engine.connect() as connection:
        query = text("SELECT value FROM outbox WHERE topic = 'hl7v2-inbound'")
        assert file.read_bytes() == bytes(connection.execute(query).scalar_one())
    assert ("dead-letter-replay", "L. Bianchi") == acts(engine)[-1]
    again = run("dead-letters", "replay", places[0])
    assert 1 == again.exit_code
    assert "replayed by L. Bianchi" in again.output
    assert 0 == run("dead-letters", "replay", places[0], "--again", "--original").exit_code


def test_replay_of_many_needs_a_choice(run: Run, places: list[str]) -> None:
    for words in ((), (places[0], "--code", "x"), ("--every", "--again")):
        assert 2 == run("dead-letters", "replay", *words).exit_code
    assert "0 letters" in run("dead-letters", "replay", "--code", "not_hl7").stdout
    assert "2 letters" in run("dead-letters", "replay", "--code", "patient_not_identified", "--limit", "2").stdout
    assert "1 letters" in run("dead-letters", "replay", "--every").stdout


def test_discard_needs_a_reason(run: Run, places: list[str]) -> None:
    assert 2 == run("dead-letters", "discard", places[0]).exit_code
    assert 0 == run("dead-letters", "discard", places[0], "--why", "A test.").exit_code
    assert "A test" in run("dead-letters", "list", "--state", "discarded", "--json").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("dead-letters", "show", "hl7v2-inbound/0/99"),
        ("dead-letters", "discard", "nowhere", "--why", "x"),
        ("adjudicate", "ae-none", "--verdict", "confirm", "--why", "x"),
        ("adjudicate", "ae-none", "--verdict", "regrade", "--why", "x", "--grade", "9"),
        ("dead-letters", "list", "--since", "yesterday"),
        ("reviews", "--operator", " "),
        ("audit", "--since", "yesterday"),
        ("audit", "--patient", "P1"),
        ("audit", "--after", "the end"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_decision_is_queued_and_reviews_are_shown(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        facts = [procedure(), *report("FINDINGS: Pleural effusion.")]
        Publisher(RULES, b"a routing key for tests, 32 bytes").enter(connection, facts, LONG_AFTER)
        connection.execute(text('UPDATE adverse_events SET body = body || \'{"review": ["side_not_stated"]}\''))
        event = connection.execute(text("SELECT id FROM adverse_events")).scalar_one()
    done = run(
        "adjudicate", event, "--verdict", "regrade", "--grade", "2", "--why", "Drained.", "--operator", "M. Rossi"
    )
    assert done.exit_code == 0, done.output
    with engine.connect() as connection:
        query = text("SELECT value FROM outbox WHERE topic = 'adjudications'")
        message = json.loads(bytes(connection.execute(query).scalar_one()))
    assert (event, 2, "M. Rossi", "Drained.") == tuple(message[name] for name in ("event", "grade", "who", "why"))
    assert event in run("reviews").stdout
    found = [json.loads(line) for line in run("reviews", "--json").stdout.splitlines()]
    assert ["side_not_stated"] == next(one["codes"] for one in found if one["id"] == event)


@pytest.mark.parametrize(
    "verb",
    [["dead-letters", "list"], ["reviews"], ["audit"], ["adjudicate", "x", "--verdict", "confirm", "--why", "y"]],
)
def test_without_a_database_a_verb_says_so(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_DATABASE_URL", "postgresql+psycopg://u@127.0.0.1:1/d")
    done = CliRunner().invoke(main, verb)
    assert 1 == done.exit_code
    assert "CRYOWATCH_DATABASE_URL" in done.output


def test_the_trail_tells_who_did_what_and_that_it_was_read(run: Run, places: list[str], engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_events"))
    run("dead-letters", "discard", places[0], "--why", "A test.", "--operator", "M. Rossi")
    run("dead-letters", "show", places[1], "--operator", "L. Bianchi")
    shown = run("audit", "--agent", "M. Rossi").stdout
    assert "M. Rossi" in shown
    assert places[0] in shown
    assert places[1] not in shown
    first = run("audit", "--count", "1", "--json", "--operator", "Safety")
    (newest,) = map(json.loads, first.stdout.splitlines())
    assert "AuditEvent" == newest["resourceType"]
    more = first.stderr.strip().removeprefix("More: --after ")
    rest = [json.loads(line) for line in run("audit", "--after", more, "--json").stdout.splitlines()]
    assert {"M. Rossi", "L. Bianchi"} <= {a["name"] for record in rest for a in record["agent"] if "name" in a}
    reading = run("audit", "--agent", "Safety", "--outcome", "done", "--json").stdout
    assert 1 == len(reading.splitlines())
    assert 0 == len(run("audit", "--outcome", "refused", "--json").stdout.splitlines())


def test_listing_events_is_on_record_and_names_patients_where_their_numbers_are_shown(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        facts = [procedure(), *report("FINDINGS: Pleural effusion.")]
        Publisher(RULES, b"a routing key for tests, 32 bytes").enter(connection, facts, LONG_AFTER)
    table = run("events", "--operator", "A. Bianchi")
    assert table.exit_code == 0
    assert "pleural_effusion" in table.output
    assert "P1" not in table.output
    body = json.loads(run("events", "--json").output)
    assert (body["patient_id"], body["event"]) == ("P1", "pleural_effusion")
    assert run("events", "--site", "NOPE", "--json").output == ""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT value FROM outbox WHERE topic = 'audit-events' ORDER BY id")).scalars()
        told = [json.loads(bytes(value)) for value in rows][-3:]
    assert [record["subtype"][1]["code"] for record in told] == ["events-list"] * 3
    assert [sum(e["type"]["code"] == "1" for e in record["entity"]) for record in told] == [0, 1, 0]


def test_a_number_of_which_nothing_is_held_is_not_erased_by_mistake(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("event_id_key", "routing_key"):
        (tmp_path / name).write_text(name * 4)
    monkeypatch.setenv("CRYOWATCH_SECRETS_DIR", str(tmp_path))
    asked = ("erase", "--site", "IEO", "--patient", "0", "--reason", "asked for", "--operator", "dpo", "--yes")
    refused = run(*asked)
    assert refused.exit_code == 1
    assert "mistyped" in refused.output
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM erasures")).scalar_one() == 0
    assert "Erased" in run(*asked, "--unknown").output
