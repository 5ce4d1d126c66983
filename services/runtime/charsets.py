"""Character sets by the names of HL7 table 0211 and IANA: in messages (MSH-18), and for senders in the sites file."""

import codecs
import re

_CHARSETS = {
    "ASCII": "ascii",
    "ANSI": "cp1252",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UNICODEUTF16": "utf-16",
    "UNICODEUTF32": "utf-32",
    "UTF8": "utf-8",
    "ISOIR6": "ascii",
    "ISOIR100": "iso8859_1",
    "ISOIR192": "utf-8",
    "ISOIR14": "iso2022_jp",
    "ISOIR87": "iso2022_jp",
    "ISOIR159": "iso2022_jp_1",
    "GB180302000": "gb18030",
    "KSX1001": "euc_kr",
    "BIG5": "big5",
    "CNS116431992": "big5",
} | {f"8859{part}": f"iso8859_{part}" for part in range(1, 17) if part != 12}
_PYTHON_ONLY = frozenset(("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "unicode-escape"))
"""Codecs that Python knows and that are no character set of a message: they would read its own escapes."""


def codec_of(charset: str) -> str | None:
    """Python's codec for an HL7 table 0211 name or an IANA name; None when it is unknown, or no character set."""
    if not (charset.isascii() and charset.isprintable()):
        return None
    try:
        found = codecs.lookup(_CHARSETS.get(re.sub(r"[^A-Z0-9]", "", charset.upper())) or charset).name
        bytes(4).decode(found)  # LookupError where the codec makes no text of bytes (rot13, bz2)
    except (LookupError, ValueError):
        return None
    return None if found.replace("_", "-") in _PYTHON_ONLY else found
