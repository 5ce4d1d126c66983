"""The one property: any order, any repeats, in any number of batches, the same records, events and contributions."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.clinical.canonical import canonical, from_json, to_json
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, PatientLink, Standing, fact_from_json, fact_json, state
from services.clinical.kin import held, kin_groups
from services.clinical.procedures.record import ProcedureRecord
from services.clinical.publish import publish
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
        )
    if draw(st.booleans()):
        found.append(withdrawal(draw(st.sampled_from(["R1", "R2"])), patient=draw(patients), issued=draw(instants)))
    if draw(st.booleans()):
        found.append(care(draw(st.sampled_from(["chest_tube", "icu", "death", "discharge"])), patient=draw(patients)))
    for _ in range(draw(st.integers(0, 2))):
        standing = draw(st.sampled_from([Standing.FINAL, Standing.WITHDRAWN]))
        found.append(state(PatientLink("IEO", draw(patients), draw(patients)), standing, sent=draw(instants)))
    return found


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
        counted = [e for e in result.events if e.timing == "within_24h" and e.certainty == "definite"]
        total = sum(c.count for c in result.contributions if (c.stratum, c.measure) == ("all", "events.all"))
        assert len(counted) == total
        ids = [e.id for e in result.events]
        assert len(set(ids)) == len(ids)
