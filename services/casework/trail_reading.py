"""Reading the audit trail, which is on record too.

One record a request, as IHE's audit repositories write "audit log used": a record for each patient on the page would
make the trail grow by being read. A patient is named where the trail was asked about that one.
"""

from services.audit.act import Act, Agent, Pattern
from services.audit.search import Page, Place, Wanted, find
from services.casework.audited_act import Casework


def read_trail(casework: Casework, by: Agent, wanted: Wanted, count: int, after: Place | None, query: str) -> Page:
    """One page, newest first. ``query`` is the request, for the record."""
    patients = (wanted.patient,) if wanted.patient else ()
    act = Act(Pattern.QUERY, "audit-list", "search-type", by, patients=patients, query=query)
    with casework.carried_out(act) as connection:
        return find(connection, wanted, count, after)
