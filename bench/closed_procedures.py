"""Closed procedures in bulk: one site of a thousand as facts, and further sites as copies of its rows."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from services.clinical.facts import Fact, Standing, state
from services.clinical.identifiers import event_id
from services.clinical.moments import at
from services.clinical.statements import (
    CareEvent,
    Lesion,
    ProcedureStatement,
    ReportBody,
    ReportStatus,
    TreatmentSummary,
)

SITE = "S00000"
ONE_SITE = 1000
STRIDE = 1_000_000
FIRST = datetime(2020, 1, 1, 9, tzinfo=UTC)
AS_OF = FIRST + timedelta(days=800)
KEY = b"a key for the soak, thirty-two bytes"
TEXTS = (
    "FINDINGS: Small left pleural effusion. No pneumothorax.\nIMPRESSION: Small left pleural effusion.",
    "FINDINGS: Small left pneumothorax. Chest tube in place.\nIMPRESSION: Pneumothorax, drained.",
    "FINDINGS: No pneumothorax. No pleural effusion.\nIMPRESSION: Expected changes after cryoablation.",
    "FINDINGS: Ablation zone without complication. No effusion. No hemorrhage.\nIMPRESSION: No complication.",
)
EVENTS_OF_A_SITE = ONE_SITE // 2


def start_of(number: int) -> datetime:
    """Two procedures a day."""
    return FIRST + timedelta(days=number // 2, hours=2 * (number % 2))


def report(
    site: str, number: int, words: str, when: datetime, *, name: str = "F", sent: datetime | None = None
) -> list[Fact]:
    key, patient = f"R{number:05d}{name}", f"P{number:05d}"
    body = ReportBody(site, key, patient, words, at(when), ("chest",), language="en")
    issued = sent or when + timedelta(hours=1)
    standing = Standing.CORRECTED if sent else Standing.FINAL
    return [state(body, standing, issued=issued), state(ReportStatus(site, key, patient), standing, issued=issued)]


def facts_of(site: str, number: int) -> list[Fact]:
    """One procedure as a hospital documents it: seven facts, half of them with an event."""
    begun, accession, patient = start_of(number), f"A{number:05d}", f"P{number:05d}"
    ended = begun + timedelta(hours=2)
    lesions = (Lesion("1", "lung", "lung", "left", 12.0 + number % 30, 5.0),)
    procedure = ProcedureStatement(site, accession, patient, at(begun), at(ended), lesions, "10G", 1, "LN2")
    treated = TreatmentSummary(site, accession, "C1", 120, begun, ended, treated=True, minimum_tip_c=-150.0, done=True)
    left = CareEvent(site, f"E{number:05d}", patient, "discharge", at(ended + timedelta(hours=40)))
    before = report(site, number, TEXTS[2], begun - timedelta(days=3), name="B")
    after = report(site, number, TEXTS[number % 4], ended + timedelta(hours=24))
    return [state(procedure, sent=begun), state(treated), state(left), *before, *after]


def copy_sites(engine: Engine, first: int, last: int) -> None:
    """Sites first to last-1 as copies of site 0."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text("CREATE TEMPORARY TABLE ids (n integer, old text, new text) ON COMMIT DROP"))
        found = connection.execute(
            text("SELECT id, procedure, body->>'compartment', body->>'side' FROM adverse_events WHERE site = :s"),
            {"s": SITE},
        ).all()
        rows = [
            {"n": c, "old": old, "new": event_id(KEY, procedure.replace(SITE, f"S{c:05d}"), compartment, side)}
            for c in range(first, last)
            for old, procedure, compartment, side in found
        ]
        connection.execute(text("INSERT INTO ids VALUES (:n, :old, :new)"), rows)
        connection.execute(text("ANALYZE ids"))
        sites = f"generate_series({first}, {last - 1}) c"
        site = "'S' || lpad(c::text, 5, '0')"

        def said(column: str, table: str = "t") -> str:
            return f"replace({table}.{column}, '{SITE}', {site})"

        body = f"replace(t.body::text, '{SITE}', {site})::jsonb"
        with_id = f"replace(replace(t.body::text, '{SITE}', {site}), i.old, i.new)::jsonb"
        group, mine = f"t.kin + c * {STRIDE}::bigint", f"t.site = '{SITE}'"
        copies = {
            "kin (id, next_due)": f"t.id + c * {STRIDE}::bigint, t.next_due FROM kin t, {sites} WHERE t.id < {STRIDE}",
            "kin_names": f"{said('name')}, {group} FROM kin_names t, {sites} WHERE t.kin < {STRIDE}",
            "facts (id, version, kind, weight, kin, body, recorded_at)": (
                f"{said('id')}, t.version, t.kind, t.weight, {group}, {body}, t.recorded_at"
                f" FROM facts t, {sites} WHERE t.kin < {STRIDE}"
            ),
            "procedure_records (procedure, kin, site, status, follow_up, closes_at, revision, body)": (
                f"{said('procedure')}, {group}, {said('site')}, t.status, t.follow_up, t.closes_at, t.revision,"
                f" coalesce({with_id}, {body}) FROM procedure_records t CROSS JOIN {sites}"
                f" LEFT JOIN ids i ON i.n = c AND i.old = t.body->'events'->>0 WHERE {mine}"
            ),
            "adverse_events (id, kin, procedure, patient, site, code, status, certainty, timing, onset,"
            " recorded, revision, edition, body)": (
                f"i.new, {group}, {said('procedure')}, {said('patient')}, {said('site')},"
                f" t.code, t.status, t.certainty, t.timing, t.onset, t.recorded, t.revision, t.edition, {with_id}"
                f" FROM adverse_events t JOIN ids i ON i.old = t.id CROSS JOIN LATERAL (SELECT i.n) x(c) WHERE {mine}"
            ),
            "adverse_event_versions (id, revision, body)": (
                f"i.new, t.revision, {with_id} FROM adverse_event_versions t JOIN ids i ON i.old = t.id"
                " CROSS JOIN LATERAL (SELECT i.n) x(c)"
            ),
            "contributions (owner, site, day, counts, kin)": (
                f"{said('owner')}, {said('site')}, t.day, t.counts, {group}"
                f" FROM contributions t, {sites} WHERE {mine} AND t.kin < {STRIDE}"
            ),
            "month_totals (site, month, counts)": (
                f"{said('site')}, t.month, t.counts FROM month_totals t, {sites} WHERE {mine}"
            ),
            "day_totals (site, day, counts)": (
                f"{said('site')}, t.day, t.counts FROM day_totals t, {sites} WHERE {mine}"
            ),
        }
        for table, selected in copies.items():
            connection.execute(text(f"INSERT INTO {table} SELECT {selected}"))
