"""One assertion from all that is said of a term: the cue before it, the cue after it, its own word, its section."""

from __future__ import annotations

from services.clinical.reading.model import Assertion, Change
from services.clinical.reading.scope import Said

_ASKED = {"indication": Assertion.HYPOTHETICAL, "technique": Assertion.HYPOTHETICAL}
_EARLIER = {"history": Assertion.HISTORICAL, "comparison": Assertion.HISTORICAL, "prior": Assertion.HISTORICAL}


def _cues(said: Said) -> Assertion | str | None:
    before = said.before.means if said.before else None
    after = said.after.means if said.after else None
    if before is None or after is None:
        return after if before is None else before
    if after == "withdrawn":
        return after
    if before in (Assertion.OTHER_SUBJECT, Assertion.HYPOTHETICAL):
        return before
    if before is Assertion.HISTORICAL and after in (Assertion.ABSENT, Assertion.RESOLVED):
        return Assertion.RESOLVED
    if before is Assertion.ABSENT and after is Assertion.POSSIBLE:
        return after if said.after and said.after.reach == "sentence" else before
    if before is Assertion.ABSENT or (before is Assertion.POSSIBLE and after is Assertion.PRESENT):
        return before
    return after


def weigh(said: Said, own: Assertion | None, section: str, management: bool, change: Change | None) -> Assertion | None:
    """The assertion; None when the text takes the word back without saying anything instead.

    `own` is what the word says by itself; `change` is the change against the comparison that is stated.
    """
    means = _cues(said)
    if means in ("withdrawn", "dropped"):
        return None
    result = means if isinstance(means, Assertion) else None
    cue = said.before
    if result is Assertion.HISTORICAL and cue is not None and cue.yields and change is not None:
        result = Assertion.PRESENT
    if result is Assertion.ABSENT and change is Change.UNCHANGED and said.before is None:
        # "The known pneumothorax is not seen" was there before.
        result = Assertion.RESOLVED
    if management and result is Assertion.POSSIBLE:
        # A drain that is "possible" or "to be considered" has not been placed.
        result = Assertion.HYPOTHETICAL
    if own is not None and result in (None, Assertion.PRESENT):
        result = own
    if result in (None, Assertion.PRESENT) and said.hedged:
        result = Assertion.POSSIBLE
    if section == "prior" and result is not Assertion.OTHER_SUBJECT:
        return Assertion.HISTORICAL
    if result is None:
        if section in _ASKED and not (management and section == "indication"):
            return _ASKED[section]
        return _EARLIER.get(section, Assertion.PRESENT)
    if result is Assertion.POSSIBLE and section in _ASKED:
        return Assertion.HYPOTHETICAL
    return result
