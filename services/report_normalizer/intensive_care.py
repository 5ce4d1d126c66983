"""Which places are intensive care, by the words in their names."""

import re

_WORDS = re.compile(
    r"(?<![A-Z])(?:[CMNPST]?ICU\w*|CCU|ITU|HDU|UTIC?|TI|RIANIM\w*|REANIM\w*|INTENSIV\w*)(?![A-Z])",
    re.IGNORECASE,
)


def is_intensive_care(place: str) -> bool:
    """Whether a ward, unit or location name says intensive care."""
    return bool(_WORDS.search(place))
