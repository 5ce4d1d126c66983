"""Searches over a small hospital: what each parameter finds, in both releases."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from services.clinical.moments import Moment
from services.clinical.statements import Lesion, ReportBody
from tests.builders import END, START, care, procedure, report
from tests.fhir_gateway.conftest import Reader, World

NUMBERS = ("urn:cryowatch:site:IEO:patient", "urn:cryowatch:site:IEO:accession")
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def reader(shared_world: World) -> Reader:
    """P1: effusion; P2: drained hydropneumothorax with a longer stay; P3: embolism a year later; P4: a day alone."""
    world = shared_world
    later = END + YEAR
    world.enter(procedure(), report("FINDINGS: Small left pleural effusion."))
    world.enter(
        procedure("A2", patient="P2", planned_discharge=Moment(END + timedelta(hours=30), END + timedelta(hours=30))),
        report("FINDINGS: Small left pneumothorax. Small left pleural effusion.", "R2", patient="P2"),
        care("chest_tube", patient="P2", number="C2"),
        care("discharge", patient="P2", number="D2", hours=80),
    )
    world.enter(
        procedure("A3", patient="P3", start=START + YEAR, lesions=(Lesion("1", "bone", "rib", "right"),)),
        report("FINDINGS: Segmental pulmonary embolism.", "R3", patient="P3", end=later),
        as_of=later + timedelta(days=5),
    )
    return world.reader()


def by_code(reader: Reader) -> dict[str, str]:
    found = reader.json("/r4/AdverseEvent")["entry"]
    return {entry["resource"]["event"]["coding"][-1]["code"]: entry["resource"]["id"] for entry in found}


def names(reader: Reader, path: str) -> list[str]:
    """The kinds of event that a search finds, sorted."""
    known = {name: code for code, name in by_code(reader).items()}
    return sorted(known[name] for name in reader.ids(path))


ALL = ["hydropneumothorax", "pleural_effusion", "pulmonary_embolism"]
EFFUSION, DRAINED, EMBOLISM = ["pleural_effusion"], ["hydropneumothorax"], ["pulmonary_embolism"]
SNOMED = "http://snomed.info/sct"
CODED = [
    ("60046008", ["hydropneumothorax", "pleural_effusion"]),
    (f"{SNOMED}|36118008", DRAINED),
    (f"{SNOMED}|", ALL),
    ("http://hl7.org/fhir/sid/icd-10-cm|J90", EFFUSION),
    ("https://cryowatch.org/fhir/CodeSystem/adverse-event|pulmonary_embolism", EMBOLISM),
    ("J90,59282003", ["pleural_effusion", "pulmonary_embolism"]),
    ("|36118008", []),
    ("http://loinc.org|36118008", []),
]


@pytest.mark.parametrize(("value", "found"), CODED)
def test_events_are_found_by_code(reader: Reader, value: str, found: list[str]) -> None:
    assert names(reader, f"/r4/AdverseEvent?event={quote(value)}") == found
    assert names(reader, f"/r5/AdverseEvent?code={quote(value)}") == found


SEARCHES_R4 = [
    ("severity=mild", ["pleural_effusion", "pulmonary_embolism"]),
    ("severity=moderate", DRAINED),
    ("severity=severe", []),
    ("severity=mild,moderate", ALL),
    ("severity:not=mild", DRAINED),
    ("severity=http://terminology.hl7.org/CodeSystem/adverse-event-severity%7Cmoderate", DRAINED),
    ("severity=http://other%7Cmoderate", []),
    ("severity:missing=true", []),
    ("seriousness=serious", DRAINED),
    ("seriousness=non-serious", ["pleural_effusion", "pulmonary_embolism"]),
    ("resultingcondition=Condition/1", []),
    ("resultingcondition:missing=true", ALL),
]
SEARCHES_R5 = [
    ("status=in-progress", EMBOLISM),
    ("status=completed", ["hydropneumothorax", "pleural_effusion"]),
    ("status=entered-in-error", []),
    ("status:not=in-progress", ["hydropneumothorax", "pleural_effusion"]),
    ("status=http://hl7.org/fhir/event-status%7Ccompleted", ["hydropneumothorax", "pleural_effusion"]),
    ("seriousness=http://terminology.hl7.org/CodeSystem/adverse-event-seriousness%7Cserious", DRAINED),
    ("resultingeffect:missing=false", []),
]
SEARCHES = [
    ("actuality=actual", ALL),
    ("actuality=potential", []),
    ("actuality=actual,potential", ALL),
    ("category=device", []),
    ("location=Location/1", []),
    ("recorder:missing=true", ALL),
    ("study:missing=false", []),
    (f"subject:identifier={NUMBERS[0]}%7CP2", DRAINED),
    (f"patient:identifier={NUMBERS[0]}%7CP2", DRAINED),
    (f"subject:identifier={NUMBERS[0]}%7CP2,{NUMBERS[0]}%7CP3", ["hydropneumothorax", "pulmonary_embolism"]),
    ("subject:identifier=P1", EFFUSION),
    ("subject:identifier=urn:other%7CP1", []),
    ("subject:identifier=%7CP1", []),
    ("subject=Patient/P1", []),
    ("subject:Patient=P1", []),
    ("patient=P1", []),
    (f"substance:identifier={NUMBERS[1]}%7CA3", EMBOLISM),
    ("substance:identifier=A3", EMBOLISM),
    ("substance:Procedure=A3", []),
    ("date=2021-03-02", ["pleural_effusion"]),
    ("date=2021", ["hydropneumothorax", "pleural_effusion"]),
    ("date=ge2022", EMBOLISM),
    ("date=gt2021-12-31", EMBOLISM),
    ("date=lt2022-01", ["hydropneumothorax", "pleural_effusion"]),
    ("date=ge2021-03-01&date=le2021-03-01", DRAINED),
    ("date=ne2021", EMBOLISM),
    ("date=sa2021-03-02", EMBOLISM),
    ("date=eb2022-03", ["hydropneumothorax", "pleural_effusion"]),
    ("date=2021-03-01,2022-03-02", ["hydropneumothorax", "pulmonary_embolism"]),
    ("date=ge2021-03-02T12:00:00%2B01:00&date=lt2021-03-02T13:00:00+01:00", EFFUSION),
    ("date=2021-03-02T12:00", EFFUSION),
    ("date=2021-03-02T11:00:00Z", EFFUSION),
    ("date=2021-03-02T11:00:00.000Z", EFFUSION),
    ("date:missing=true", []),
    ("_lastUpdated=gt2999-01-01", []),
    ("_lastUpdated=ge2020-01-01", ALL),
    ("_lastUpdated=ne2020", ALL),
    ("_lastUpdated=lt2020-01-01", []),
    ("_tag=withdrawn", []),
    ("_tag:missing=true", ALL),
    ("identifier=https://cryowatch.org/fhir/identifier/adverse-event%7C", ALL),
    ("identifier=urn:other%7Cx", []),
    ("_id=nothing", []),
]


@pytest.mark.parametrize(("query", "found"), SEARCHES_R4 + SEARCHES)
def test_r4_finds(reader: Reader, query: str, found: list[str]) -> None:
    assert names(reader, f"/r4/AdverseEvent?{query}") == found


@pytest.mark.parametrize(("query", "found"), SEARCHES_R5 + SEARCHES)
def test_r5_finds(reader: Reader, query: str, found: list[str]) -> None:
    assert names(reader, f"/r5/AdverseEvent?{query}") == found


def test_identifier_and_id_name_one_event(reader: Reader) -> None:
    name = by_code(reader)["hydropneumothorax"]
    assert reader.ids(f"/r4/AdverseEvent?_id={name}") == [name]
    assert reader.ids(f"/r4/AdverseEvent?identifier={name}") == [name]
    assert len(reader.ids(f"/r4/AdverseEvent?_id:not={name}")) == 2
    assert reader.ids(f"/r4/AdverseEvent?_id={name},other&subject:identifier=P2") == [name]


REFUSED = [
    ("date=yesterday", "value"),
    ("date=2021-02-30", "value"),
    ("date=ap2021", "value"),
    ("date=", "value"),
    ("event=", "value"),
    ("event=a%7Cb%7Cc", "value"),
    ("event=%7C", "value"),
    ("event:in=x", "not-supported"),
    ("date:exact=2021", "not-supported"),
    ("subject.identifier=P1", "not-supported"),
    ("subject:identifier=urn:cryowatch:site:IEO:patient%7C", "value"),
    ("event:missing=perhaps", "value"),
    ("_has:Provenance:target:agent=1", "not-supported"),
    ("_text=blood", "not-supported"),
    ("_sort=severity", "not-supported"),
    ("_count=many", "value"),
    ("_count=-1", "value"),
    ("_summary=short", "value"),
    ("_after=nonsense", "value"),
    (f"_after={base64.urlsafe_b64encode(b'[' * 30000).decode().rstrip('=')}", "value"),
    ("_after=WyJfaWQiXQ", "value"),
    ("_after=WyJkYXRlIixudWxsLCJ4Il0", "value"),
    ("&".join(["_id=a"] * 41), "too-costly"),
    ("_id=" + ",".join(["a"] * 201), "too-long"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED)
def test_what_cannot_be_understood_is_refused_in_words(reader: Reader, query: str, code: str) -> None:
    assert reader.refused(f"/r4/AdverseEvent?{query}") == (400, code)


def test_unknown_parameters_are_left_out_or_refused_as_the_client_prefers(reader: Reader) -> None:
    lenient = reader.json("/r4/AdverseEvent?nonsense=1&_totalMethod=count&severity=mild")
    assert lenient["total"] == 2
    assert lenient["link"][0]["url"].endswith("/r4/AdverseEvent?severity=mild")
    strict = {"Prefer": "return=minimal; handling=strict"}
    assert reader.refused("/r4/AdverseEvent?nonsense=1", **strict) == (400, "not-supported")
    assert reader.get("/r4/AdverseEvent?_totalMethod=count", **strict).status_code == 200


def test_each_release_knows_its_own_parameters(reader: Reader) -> None:
    strict = {"Prefer": "handling=strict"}
    assert reader.refused("/r4/AdverseEvent?code=1", **strict) == (400, "not-supported")
    assert reader.refused("/r4/AdverseEvent?status=completed", **strict) == (400, "not-supported")
    assert reader.refused("/r5/AdverseEvent?severity=mild", **strict) == (400, "not-supported")
    assert reader.refused("/r5/AdverseEvent?event=1", **strict) == (400, "not-supported")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("date", ["hydropneumothorax", "pleural_effusion", "pulmonary_embolism"]),
        ("-date", ["pulmonary_embolism", "pleural_effusion", "hydropneumothorax"]),
        ("_lastUpdated", ["pleural_effusion", "hydropneumothorax", "pulmonary_embolism"]),
        ("-_lastUpdated", ["pulmonary_embolism", "hydropneumothorax", "pleural_effusion"]),
    ],
)
def test_pages_keep_the_order_and_hold_every_event_once(reader: Reader, sort: str, order: list[str]) -> None:
    known = {name: code for code, name in by_code(reader).items()}
    path, seen, pages = f"/r4/AdverseEvent?_sort={sort}&_count=1", [], 0
    while path:
        bundle = reader.json(path)
        assert bundle["total"] == 3
        seen += [known[entry["resource"]["id"]] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        path, pages = links.get("next", ""), pages + 1
    assert (seen, pages) == (order, 3)


def test_the_default_order_is_by_id_and_reverses(reader: Reader) -> None:
    forward = reader.ids("/r4/AdverseEvent")
    assert forward == sorted(forward)
    assert reader.ids("/r4/AdverseEvent?_sort=-_id") == forward[::-1]


@pytest.mark.parametrize("sort", ["date", "-date"])
def test_events_without_a_date_come_last_and_once(world: World, sort: str) -> None:
    world.enter(procedure(), report("FINDINGS: Small bilateral pleural effusions. Hemoptysis."))
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE adverse_events SET onset = NULL WHERE code = 'pleural_effusion'")
    reader = world.reader()
    path, seen = f"/r4/AdverseEvent?_sort={sort}&_count=1", []
    while path:
        bundle = reader.json(path)
        seen += [entry["resource"]["event"]["coding"][-1]["code"] for entry in bundle["entry"]]
        path = {link["relation"]: link["url"] for link in bundle["link"]}.get("next", "")
    assert seen == ["hemoptysis", "pleural_effusion", "pleural_effusion"]
    assert reader.json("/r4/AdverseEvent?date:missing=true")["total"] == 2


def test_a_search_can_be_posted_as_a_form_beside_the_query(reader: Reader) -> None:
    form = {"subject:identifier": f"{NUMBERS[0]}|P2", "date": "ge2021-01-01"}
    answer = reader.client.post("/r4/AdverseEvent/_search?severity=moderate", data=form)
    assert answer.json()["total"] == 1
    assert reader.client.post("/r4/AdverseEvent/_search?severity=mild", data=form).json()["total"] == 0


def test_count_and_summary_shape_the_answer(reader: Reader) -> None:
    assert {"total": 3, "entry": None} == {
        key: reader.json("/r4/AdverseEvent?_summary=count").get(key) for key in ("total", "entry")
    }
    assert "entry" not in reader.json("/r4/AdverseEvent?_count=0")
    assert len(reader.json("/r4/AdverseEvent?_count=999999")["entry"]) == 3
    for release, absent in (("r4", {"text", "extension"}), ("r5", {"text", "extension"})):
        for entry in reader.json(f"/{release}/AdverseEvent?_summary=true")["entry"]:
            assert absent & set(entry["resource"]) == set()
            assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    (one,) = reader.json("/r4/AdverseEvent?_elements=date,AdverseEvent.event&severity=moderate")["entry"]
    assert set(one["resource"]) == {"resourceType", "id", "meta", "actuality", "event", "subject", "date"}
    assert "text" not in reader.json("/r4/AdverseEvent?_summary=data")["entry"][0]["resource"]


def test_a_date_of_which_the_day_alone_is_known_is_found_by_what_it_may_be(world: World) -> None:
    from dataclasses import replace

    body, status = report("FINDINGS: Small left pleural effusion.")
    assert isinstance(body.statement, ReportBody)
    day = Moment(datetime(2021, 3, 1, 23, tzinfo=UTC), datetime(2021, 3, 2, 22, 59, 59, tzinfo=UTC))
    world.enter(procedure(), [replace(body, statement=replace(body.statement, performed=day)), status])
    reader = world.reader()
    assert reader.json("/r4/AdverseEvent")["entry"][0]["resource"]["date"] == "2021-03-02"

    def found(value: str) -> bool:
        return bool(reader.json(f"/r5/AdverseEvent?date={value}")["total"])

    inside = ["2021-03-02", "2021-03", "gt2021-03-02T12:00", "ge2021-03-02T12:00", "lt2021-03-02T12:00", "le2021-03-02"]
    outside = ["2021-03-02T12:00", "gt2021-03-02", "lt2021-03-02", "sa2021-03-02", "eb2021-03-02", "eb2021-03-02T12:00"]
    assert [value for value in inside if not found(value)] == []
    assert [value for value in outside if found(value)] == []
