"""The life of an event as an EHR sees it: published, graded, corrected, taken back and shown again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.clinical.facts import Standing, state
from services.clinical.statements import Adjudication
from services.fhir_gateway.conditional import unchanged
from tests.builders import END, LONG_AFTER, care, procedure, report, withdrawal
from tests.fhir_gateway.conftest import World
from tests.fhir_gateway.events import extension

EFFUSION = "FINDINGS:\nSmall left pleural effusion."
POSSIBLE = "FINDINGS: A small left pleural effusion cannot be excluded."
CLEAR = "FINDINGS: No pneumothorax. No pleural effusion."
WITHDRAWN = "entered-in-error"


def after(hours: float) -> datetime:
    """An issue time, so many hours after the procedure's end."""
    return END + timedelta(hours=hours)


def test_it_is_read_with_the_sentence_that_proves_it(world: World) -> None:
    world.enter(procedure(), report(EFFUSION))
    reader = world.reader()
    (found,) = reader.json("/r4/AdverseEvent")["entry"]
    (proof,) = extension(found["resource"], "evidence")
    assert proof["sentence"] == ["Small left pleural effusion."]
    assert reader.json(f"/r4/AdverseEvent/{found['resource']['id']}") == found["resource"]


def test_a_correction_withdraws_it_and_another_reinstates_it_under_the_same_id(world: World) -> None:
    world.enter(procedure(), report(EFFUSION, issued=after(25)))
    reader = world.reader()
    (name,) = reader.ids("/r5/AdverseEvent")
    seen = [reader.json(f"/r5/AdverseEvent/{name}")]
    world.enter(report(CLEAR, standing=Standing.CORRECTED, issued=after(26)))
    seen.append(reader.json(f"/r5/AdverseEvent/{name}"))
    world.enter(report(EFFUSION, standing=Standing.CORRECTED, issued=after(27)))
    seen.append(reader.json(f"/r5/AdverseEvent/{name}"))
    assert [one["status"] for one in seen] == ["completed", WITHDRAWN, "completed"]
    versions = [int(one["meta"]["versionId"]) for one in seen]
    assert versions == sorted(set(versions))
    assert "tag" not in seen[2]["meta"]
    assert "modifierExtension" not in reader.json(f"/r4/AdverseEvent/{name}")


def test_the_history_has_every_version_newest_first_and_old_ones_can_be_read(world: World) -> None:
    world.enter(procedure(), report(EFFUSION, issued=after(25)))
    world.enter(report(CLEAR, standing=Standing.CORRECTED, issued=after(26)))
    world.enter(report(EFFUSION, standing=Standing.CORRECTED, issued=after(27)))
    reader = world.reader()
    (name,) = reader.ids("/r5/AdverseEvent")
    history = reader.json(f"/r5/AdverseEvent/{name}/_history")
    assert (history["type"], history["total"]) == ("history", 3)
    states = [entry["resource"]["status"] for entry in history["entry"]]
    assert states == ["completed", WITHDRAWN, "completed"]
    assert [e["response"]["status"] for e in history["entry"]] == ["200 OK", "200 OK", "201 Created"]
    for entry in history["entry"]:
        version = entry["resource"]["meta"]["versionId"]
        assert reader.json(f"/r5/AdverseEvent/{name}/_history/{version}") == entry["resource"]
        assert entry["response"]["etag"] == f'W/"{version}"'


def test_old_versions_and_withdrawn_ones_quote_nothing_from_the_text_as_it_stands_now(world: World) -> None:
    world.enter(procedure(), report(EFFUSION, issued=after(25)))
    longer = "FINDINGS: The heart is normal. There is a moderate left pleural effusion now."
    world.enter(report(longer, standing=Standing.CORRECTED, issued=after(26)))
    reader = world.reader()
    (name,) = reader.ids("/r4/AdverseEvent")
    newest, oldest = (e["resource"] for e in reader.json(f"/r4/AdverseEvent/{name}/_history")["entry"])
    assert extension(newest, "evidence")[0]["sentence"] == ["There is a moderate left pleural effusion now."]
    assert "sentence" not in extension(oldest, "evidence")[0]
    world.enter(withdrawal(issued=after(27)))
    assert "effusion now" not in str(reader.json(f"/r4/AdverseEvent/{name}"))


def test_a_grade_is_provisional_until_30_days_are_over(world: World) -> None:
    world.enter(procedure(), report(EFFUSION), as_of=END + timedelta(days=2))
    reader = world.reader()
    (name,) = reader.ids("/r5/AdverseEvent?status=in-progress")
    before = reader.json(f"/r5/AdverseEvent/{name}")
    world.enter(care("chest_tube"), as_of=LONG_AFTER)
    after = reader.json(f"/r5/AdverseEvent/{name}")
    assert [one["status"] for one in (before, after)] == ["in-progress", "completed"]
    assert [extension(one, "sir-grade")[0]["provisional"] for one in (before, after)] == [[True], [False]]
    assert [extension(one, "sir-grade")[0]["grade"] for one in (before, after)] == [[1], [2]]
    assert reader.ids("/r5/AdverseEvent?status=completed") == [name]


def test_a_possible_event_is_never_published(world: World) -> None:
    world.enter(procedure(), report(POSSIBLE))
    reader = world.reader()
    assert reader.json("/r4/AdverseEvent")["total"] == 0
    with world.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT id FROM adverse_events").scalar_one()
    for path in ("", "/_history"):
        assert reader.refused(f"/r4/AdverseEvent/{name}{path}") == (404, "not-found")
    assert reader.json(f"/r4/AdverseEvent?_id={name}")["total"] == 0


def test_a_possible_event_taken_back_stays_unpublished(world: World) -> None:
    world.enter(procedure(), report(POSSIBLE, issued=after(25)))
    world.enter(report(CLEAR, standing=Standing.CORRECTED, issued=after(26)))
    assert world.reader().json("/r4/AdverseEvent")["total"] == 0


def test_what_was_possible_first_appears_when_it_is_definite_and_its_history_begins_there(world: World) -> None:
    world.enter(procedure(), report(POSSIBLE, issued=after(25)))
    world.enter(report(EFFUSION, standing=Standing.CORRECTED, issued=after(26)))
    reader = world.reader()
    (name,) = reader.ids("/r5/AdverseEvent")
    history = reader.json(f"/r5/AdverseEvent/{name}/_history")
    assert [e["resource"]["status"] for e in history["entry"]] == ["completed"]
    assert history["entry"][0]["response"]["status"] == "201 Created"
    with world.engine.connect() as connection:
        query = "SELECT min(revision) FROM adverse_event_versions"
        hidden = connection.exec_driver_sql(query).scalar_one()
    assert reader.refused(f"/r5/AdverseEvent/{name}/_history/{hidden}") == (404, "not-found")


def test_what_was_definite_and_is_only_possible_now_is_withdrawn_for_readers(world: World) -> None:
    world.enter(procedure(), report(EFFUSION, issued=after(25)))
    world.enter(report(POSSIBLE, standing=Standing.CORRECTED, issued=after(26)))
    reader = world.reader()
    (name,) = reader.ids("/r5/AdverseEvent?status=entered-in-error")
    assert extension(reader.json(f"/r5/AdverseEvent/{name}"), "withdrawal-reason") == [{"value": "only-possible"}]


def test_a_rejected_event_says_that_a_reviewer_rejected_it(world: World) -> None:
    world.enter(procedure(), report(EFFUSION))
    reader = world.reader()
    (name,) = reader.ids("/r4/AdverseEvent")
    world.enter(state(Adjudication("IEO", "A1", name, "reject", "lead", END + timedelta(days=3), "an artifact")))
    one = reader.json(f"/r4/AdverseEvent/{name}")
    assert extension(one, "withdrawal-reason") == [{"value": "rejected"}]


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_withdrawn_events_are_found_and_can_be_left_out(world: World, release: str) -> None:
    world.enter(procedure(), report(EFFUSION, issued=after(25)))
    world.enter(procedure("A2", patient="P2"), report(EFFUSION, "R2", patient="P2"))
    world.enter(withdrawal(issued=after(26)))
    reader = world.reader()
    everything = set(reader.ids(f"/{release}/AdverseEvent"))
    live = reader.ids(f"/{release}/AdverseEvent?_tag:not=withdrawn")
    gone = reader.ids(f"/{release}/AdverseEvent?_tag=https://cryowatch.org/fhir/CodeSystem/state%7Cwithdrawn")
    assert (len(everything), len(live), len(gone)) == (2, 1, 1)
    assert everything == {*live, *gone}


@pytest.mark.parametrize("date", ["Wed, 21 Oct 99999999999999 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 +9999999"])
def test_a_date_beyond_all_calendars_is_ignored(date: str) -> None:
    assert not unchanged("1", datetime(2026, 3, 1, tzinfo=UTC), None, date)
