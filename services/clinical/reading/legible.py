"""Whether a string is a text at all: not empty, not binary, not a document in base64."""

from __future__ import annotations

import re

_RUN = re.compile(r"[A-Za-z0-9+/=_]{120,}")
_JUNK = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ud800-\udfff]")
_MAGIC = ("%PDF-", "{\\rtf", "JVBERi0", "\x89PNG", "PK\x03\x04", "\xff\xd8\xff", "GIF8", "<?xml", "II*\x00", "MM\x00*")
_SAMPLE = 20000
_MOST_JUNK = 0.05


def fault(text: str) -> str | None:
    """ "empty" or "not_text", or None for something that can be read."""
    if not any(map(str.isalnum, text)):
        return "empty" if not text.strip(" \n\r\t\x00.-_*=~|") else "not_text"
    sample = text[:_SAMPLE]
    if sample.lstrip().startswith(_MAGIC):
        return "not_text"
    junk = len(_JUNK.findall(sample))
    if "\x00" in sample or junk > _MOST_JUNK * len(sample):
        return "not_text"
    runs = sum(len(match[0]) for match in _RUN.finditer(sample))
    return "not_text" if runs > len(sample) // 2 else None
