"""The one property: any order, any repeats, in any number of batches, the same records, events and contributions."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.clinical.canonical import canonical, from_json, to_json
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, Standing, fact_from_json, fact_json, state
from services.clinical.identifiers import event_id, procedure_name
from services.clinical.kin import held, kin_groups
from services.clinical.procedures.record import ProcedureRecord
from services.clinical.publish import publish
from services.clinical.rates.rate import counts_of
from services.clinical.statements import Adjudication, CodedResult, Excursion, PatientLink, ReportBody, TreatmentSummary
from tests.builders import END, LONG_AFTER, RULES, START, care, procedure, report, withdrawal

TEXTS = (
    "FINDINGS: No pneumothorax. No pleural effusion.",
    "FINDINGS: Small left pleural effusion.",
    "FINDINGS: Small left pneumothorax. Left hemorrhagic pleural effusion.",
    "FINDINGS: A small left pleural effusion cannot be excluded.",
    "FINDINGS: Unchanged small bilateral pleural effusions.",
    "FINDINGS: Segmental pulmonary embolism. Anticoagulation started.",
)
patients = st.sampled_from(["P1", "P2", "P3"])
hours = st.integers(-100, 900)
codes = st.builds(
    CodedResult,
    st.just("http://snomed.info/sct"),
    st.sampled_from(["36118008", "60046008", "59282003"]),
    assertion=st.sampled_from([None, "absent"]),
    side=st.sampled_from([None, "left", "right"]),
)
instants = st.one_of(st.none(), hours.map(lambda h: END + timedelta(hours=h)))


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    found: list[Fact] = []
    for number in range(draw(st.integers(1, 3))):
        start = START + timedelta(hours=draw(st.integers(0, 60)))
        found.append(procedure(f"A{number}", patient=draw(patients), start=start))
    for _ in range(draw(st.integers(1, 6))):
        found += report(
            draw(st.sampled_from(TEXTS)),
            draw(st.sampled_from(["R1", "R2"])),
            hours=draw(hours),
            patient=draw(patients),
            standing=draw(st.sampled_from([Standing.PRELIMINARY, Standing.FINAL, Standing.CORRECTED])),
            issued=draw(instants),
            sent=draw(instants),
            coded=draw(st.lists(codes, max_size=2)),
        )
    if draw(st.booleans()):
        found.append(withdrawal(draw(st.sampled_from(["R1", "R2"])), patient=draw(patients), issued=draw(instants)))
    if draw(st.booleans()):
        found.append(care(draw(st.sampled_from(["chest_tube", "icu", "death", "discharge"])), patient=draw(patients)))
    for _ in range(draw(st.integers(0, 2))):
        standing = draw(st.sampled_from([Standing.FINAL, Standing.WITHDRAWN]))
        found.append(state(PatientLink("IEO", draw(patients), draw(patients)), standing, sent=draw(instants)))
    if draw(st.booleans()):
        found.append(draw(decisions))
    if draw(st.booleans()):
        frames = draw(st.integers(1, 3))
        low = Excursion("hypotension", "freeze", 60.0, 300.0, START)
        found.append(state(TreatmentSummary("IEO", "A0", "C1", frames, START, END, treated=True, excursions=(low,))))
    return found


EFFUSION_OF_A0 = event_id(RULES.event_key, procedure_name("IEO", "A0"), "pleura", "left")
decisions = st.builds(
    lambda verdict, day, grade: state(
        Adjudication("IEO", "A0", EFFUSION_OF_A0, verdict, "Dr. Lead", END + timedelta(days=day), "seen", grade)
    ),
    st.sampled_from(["reject", "confirm", "regrade"]),
    st.integers(1, 3),
    st.integers(1, 5),
)


def everything(found: list[Fact]) -> list[str]:
    return [canonical(publish(group, RULES, LONG_AFTER)) for group in kin_groups(found)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(found: list[Fact], random: st.DataObject) -> None:
    shuffled = [*found, *found, *found[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert everything(found) == everything(shuffled)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts())
def test_what_is_stored_and_published_comes_back_equal(found: list[Fact]) -> None:
    assert found == [fact_from_json(fact_json(fact)) for fact in found]
    for group in kin_groups(found):
        result = publish(group, RULES, LONG_AFTER)
        assert list(result.events) == [from_json(AdverseEvent, to_json(e)) for e in result.events]
        assert list(result.records) == [from_json(ProcedureRecord, to_json(r)) for r in result.records]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts(), st.integers(0, 30))
def test_groups_and_their_weight_only_grow(found: list[Fact], cut: int) -> None:
    before, after = kin_groups(found[:cut]), kin_groups(found)
    for group in before:
        around = [g for g in after if set(group) <= set(g)]
        assert 1 == len(around)
        assert held(group) <= held(around[0])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts())
def test_contributions_agree_with_the_events(found: list[Fact]) -> None:
    for group in kin_groups(found):
        result = publish(group, RULES, LONG_AFTER)
        live = [e for e in result.events if e.status == "live"]
        counted = [e for e in live if e.timing == "within_24h" and e.certainty == "definite"]
        total = counts_of(result.contributions).count("events.all")
        assert len(counted) == total
        ids = [e.id for e in result.events]
        assert len(set(ids)) == len(ids)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts())
def test_nothing_that_a_report_showed_outlives_its_withdrawal(found: list[Fact]) -> None:
    bodies = [f.statement for f in found if isinstance(f.statement, ReportBody)]
    taken_back = [withdrawal(b.report, patient=b.patient_id, issued=LONG_AFTER) for b in bodies]
    for group in kin_groups([*found, *taken_back]):
        result = publish(group, RULES, LONG_AFTER)
        assert not [x for e in result.events for x in e.evidence if x.source.startswith("report:")]
        assert not [r for record in result.records for r in record.reports]
