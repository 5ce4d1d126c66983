"""Tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from services.clinical.rates.rate import UNITS, Counts, Rate


def show(table: Table) -> None:
    """Print a table to standard output, as wide as it needs when that is no terminal."""
    console = Console()
    (console if console.is_terminal else Console(width=180)).print(table)


def percent(rate: Rate) -> str:
    """``26.6 % (18.7-36.3)``, or a dash without a denominator."""
    if rate.ratio is None:
        return "-"
    return f"{100 * rate.ratio:.1f} % ({100 * rate.lower:.1f}-{100 * rate.upper:.1f})"


def events_table(bodies: Sequence[Mapping[str, Any]], ruleset: str) -> Table:
    """Adverse events as published, with the grade of one rule set and what they stand on; no patients' numbers."""
    table = Table(title=f"{len(bodies)} adverse events, graded by {ruleset}")
    for column in ("event", "side", "grade", "certainty", "timing", "onset", "site", "accession", "managed by", "id"):
        table.add_column(column, no_wrap=column in ("event", "id"))
    for body in bodies:
        grade = next(g for g in body["grades"] if g["ruleset"] == ruleset)
        care = ", ".join(sorted({m["care"] for m in body.get("management", ())}))
        status = "withdrawn" if body["status"] == "withdrawn" else body["certainty"]
        decided = " (decided)" if body.get("decisions") else ""
        table.add_row(
            body["event"], body.get("side", ""), f"{grade['grade']}{'*' if grade['provisional'] else ''}",
            f"{status}{decided}", body["timing"], (body.get("onset") or {}).get("earliest", "")[:16], body["site"],
            body["accession"], care, body["id"],
        )  # fmt: skip
    if any(g["provisional"] for body in bodies for g in body["grades"]):
        table.caption = "* provisional for 30 days after the procedure"
    return table


def rates_table(counts: Counts, *, every_stratum: bool = False) -> Table:
    """The rates of every unit by organ group; or of every stratum."""
    table = Table(title="Complications in the first 24 hours, SIR grades 1-5 (95 % Wilson interval)")
    for column in ("stratum", "unit", "k / n", "rate"):
        table.add_column(column, justify="right" if column in ("k / n", "rate") else "left")
    for stratum in counts.strata():
        if not every_stratum and stratum != "all" and not (stratum.startswith("organ=") and "," not in stratum):
            continue
        for unit in UNITS:
            rate = counts.rate(unit, stratum)
            if rate.denominator:
                table.add_row(stratum, unit.replace("_", " "), f"{rate.numerator} / {rate.denominator}", percent(rate))
    return table


def ledger_table(ledger: dict[tuple[str, str], int]) -> Table:
    """Messages by topic and outcome; in = done + duplicate + ignored + dead letter."""
    outcomes = ("done", "duplicate", "ignored", "dead_letter")
    table = Table(title="Messages")
    table.add_column("topic")
    for column in ("in", *outcomes):
        table.add_column(column.replace("_", " "), justify="right")
    for topic in sorted({topic for topic, _ in ledger}):
        row = [ledger.get((topic, outcome), 0) for outcome in outcomes]
        table.add_row(topic, str(sum(row)), *map(str, row))
    return table
