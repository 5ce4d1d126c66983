"""Decisions of the safety lead: they win, are kept with who, when and why, and are flagged when their ground moves."""

from datetime import timedelta

from services.clinical.canonical import canonical
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, state
from services.clinical.publish import Published, publish
from services.clinical.rates.rate import counts_of
from services.clinical.statements import Adjudication
from tests.builders import LONG_AFTER, RULES, care, procedure, published, report, withdrawal

DECIDED = LONG_AFTER - timedelta(days=2)
EFFUSION = report("FINDINGS: Small left pleural effusion.")


def decide(event: AdverseEvent, verdict: str, *, days: int = 0, **more: object) -> Fact:
    when = DECIDED + timedelta(days=days)
    said = Adjudication("IEO", "A1", event.id, verdict, "Dr. Lead", when, "seen with the radiologist", **more)  # type: ignore[arg-type]
    return state(said)


def event() -> AdverseEvent:
    return published(procedure(), EFFUSION).events[0]


def counted(result: Published) -> int:
    return counts_of(result.contributions).count("events.all")


def test_a_rejected_event_leaves_the_rate_and_stays_on_record_with_who_when_and_why() -> None:
    result = published(procedure(), EFFUSION, decide(event(), "reject", basis=event().basis))
    (rejected,) = result.events
    assert ("withdrawn", ("rejected",)) == (rejected.status, rejected.review)
    assert [("reject", "Dr. Lead", DECIDED, "seen with the radiologist")] == [
        (d.verdict, d.who, d.when, d.why) for d in rejected.decisions
    ]
    assert 0 == counted(result)


def test_a_later_confirmation_takes_the_rejection_back() -> None:
    result = published(procedure(), EFFUSION, decide(event(), "confirm", days=1), decide(event(), "reject"))
    assert ["live"] == [e.status for e in result.events]
    assert 2 == len(result.events[0].decisions)
    assert 1 == counted(result)


def test_a_regrade_wins_over_the_machine_and_a_later_drain() -> None:
    by_hand = decide(event(), "regrade", grade=3)
    for more in ([], [care("chest_tube", side="left")]):
        (one,) = published(procedure(), EFFUSION, by_hand, *more).events
        assert {(3, True, "adjudicated")} == {(g.grade, g.adjudicated, g.rule) for g in one.grades}


def test_a_decision_is_flagged_when_the_reading_below_it_changes_and_not_before() -> None:
    rejection = decide(event(), "reject", basis=event().basis)
    again = report("FINDINGS: Small left pleural effusion, as before.", "R2", hours=200)
    assert ("rejected",) == published(procedure(), EFFUSION, again, rejection).events[0].review
    worse = report("FINDINGS: Left hemothorax.", "R2", hours=20)
    (moved,) = published(procedure(), EFFUSION, worse, rejection).events
    assert ("adjudicated_on_other_grounds", "rejected") == moved.review
    assert "withdrawn" == moved.status


def test_a_new_decision_on_the_new_ground_ends_the_flag() -> None:
    worse = report("FINDINGS: Left hemothorax.", "R2", hours=20)
    now = published(procedure(), EFFUSION, worse).events[0]
    first = decide(event(), "reject", basis=event().basis)
    second = decide(now, "confirm", days=1, basis=now.basis)
    (settled,) = published(procedure(), EFFUSION, worse, first, second).events
    assert ("live", ()) == (settled.status, settled.review)


def test_a_decision_about_an_event_that_is_no_more_is_shown_on_the_record() -> None:
    confirmation = decide(event(), "confirm", basis=event().basis)
    gone = withdrawal(issued=LONG_AFTER)
    result = published(procedure(), EFFUSION, gone, confirmation)
    assert () == result.events
    assert ("adjudicated_event_gone",) == result.records[0].review


def test_causality_is_kept_through_a_regrade() -> None:
    result = published(
        procedure(), EFFUSION, decide(event(), "causality", causality="related"), decide(event(), "regrade", grade=2)
    )
    assert ("related", 2) == (result.events[0].causality, result.events[0].grade("sir-2017").grade)


def test_decisions_in_any_order_and_twice_are_one_answer() -> None:
    facts = [
        procedure(),
        *EFFUSION,
        decide(event(), "reject"),
        decide(event(), "confirm", days=1),
        decide(event(), "regrade", grade=4),
    ]
    answer = canonical(publish(facts, RULES, LONG_AFTER))
    assert answer == canonical(publish([*reversed(facts), *facts], RULES, LONG_AFTER))


def by_grade(result: Published) -> dict[str, int]:
    found = {
        measure: number
        for (stratum, measure), number in counts_of(result.contributions).values.items()
        if stratum == "all" and "grade" in measure
    }
    return {k: n for k, n in found.items() if k.startswith("events.grade") and n}


def test_a_regrade_and_a_death_with_its_cause_reach_the_rate() -> None:
    assert {"events.grade.1": 1} == by_grade(published(procedure(), EFFUSION))
    regraded = published(procedure(), EFFUSION, decide(event(), "regrade", grade=3))
    assert {"events.grade.3": 1} == by_grade(regraded)
    died = published(procedure(), EFFUSION, care("death", hours=200, reason="left pleural effusion"))
    assert {"events.grade.5": 1} == by_grade(died)
    assert ["fatal"] == [e.outcome for e in died.events]
