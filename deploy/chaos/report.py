"""What chaos runs came to: as JSON, one file a run, and as the fault table over any number of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from deploy.chaos.run import Outcome
from deploy.chaos.schedule import KINDS

COLUMNS = ("fault", "times", "lost", "doubled", "recovery, median", "recovery, longest")


def as_json(outcome: Outcome, cohort: str, dial: float) -> dict[str, Any]:
    """A run as it is stored."""
    return {
        "seed": outcome.seed,
        "cohort": cohort,
        "cohort_faults": dial,
        "messages": outcome.messages,
        "seconds": round(outcome.seconds, 1),
        "exact": outcome.exact,
        "records": outcome.records,
        "disk": "tmpfs, ENOSPC" if outcome.mounted else "RLIMIT_FSIZE, EFBIG",
        "full_disks_met": outcome.disks_met,
        "findings": [str(finding) for finding in outcome.findings],
        "lost": sum(finding.lost for finding in outcome.findings),
        "doubled": sum(finding.doubled for finding in outcome.findings),
        "storms": [
            {
                "faults": [[f.kind, f.target, f.at, f.lasts] for f in storm.storm],
                "last_lifted": storm.last_lifted.kind,
                "recovery": None if storm.recovery is None else round(storm.recovery, 2),
                "lost": sum(finding.lost for finding in storm.findings),
                "doubled": sum(finding.doubled for finding in storm.findings),
                "findings": [str(finding) for finding in storm.findings],
                "exits": [[one.replica, one.code] for one in storm.exits],
            }
            for storm in outcome.storms
        ],
    }


def rows(runs: Iterable[dict[str, Any]]) -> list[tuple[str, int, int, int, str, str]]:
    """The fault table. Lost and doubled are those found after a storm in which the fault took part.

    The recovery of a storm belongs to the fault that was lifted last. For a fault that never was, it is bounded by
    the time from its own lift to the same moment, in which its neighbors still lasted: marked "<=".
    """
    storms = [storm for run in runs for storm in run["storms"]]
    found = []
    for kind in KINDS:
        hit = [storm for storm in storms if any(fault[0] == kind for fault in storm["faults"])]
        times = sum(fault[0] == kind for storm in hit for fault in storm["faults"])
        if not times:
            continue
        took = [s["recovery"] for s in hit if s["last_lifted"] == kind and s["recovery"] is not None]
        bound = "" if took else "<= "
        took = took or [_since(s, kind) for s in hit if s["recovery"] is not None]
        shown = [f"{bound}{figure:.1f} s" for figure in (median(took), max(took))] if took else ["", ""]
        lost, doubled = sum(s["lost"] for s in hit), sum(s["doubled"] for s in hit)
        found.append((kind, times, lost, doubled, shown[0], shown[1]))
    return found


def _since(storm: dict[str, Any], kind: str) -> float:
    """Seconds from the lift of the storm's last fault of a kind until all was well."""
    end = max(at + lasts for _, _, at, lasts in storm["faults"])
    own = max(at + lasts for name, _, at, lasts in storm["faults"] if name == kind)
    return float(storm["recovery"] + end - own)


def table(runs: Sequence[dict[str, Any]]) -> Table:
    """The fault table for a terminal."""
    out = Table(title="Faults", title_justify="left")
    for name in COLUMNS:
        out.add_column(name, justify="left" if name == "fault" else "right")
    for row in rows(runs):
        out.add_row(*(str(cell) for cell in row))
    return out


def markdown(runs: Sequence[dict[str, Any]]) -> str:
    """The fault table, and a line for each run, for the documentation."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * (len(COLUMNS) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows(runs)]
    lines += ["", "| seed | faults | storms | messages | full disks met | minutes | outcome |"]
    lines += ["| ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for run in runs:
        faults = sum(len(storm["faults"]) for storm in run["storms"])
        sent = sum(run["records"][topic] for topic in ("hl7v2-inbound", "fhir-inbound", "procedure-telemetry"))
        lines.append(
            f"| {run['seed']} | {faults} | {len(run['storms'])} | {sent} | {run['full_disks_met']} "
            f"| {run['seconds'] / 60:.1f} | {'exact' if run['exact'] else 'differs'} |"
        )
    return "\n".join(lines) + "\n"


def load(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Stored runs."""
    return [json.loads(path.read_text("utf-8")) for path in paths]
