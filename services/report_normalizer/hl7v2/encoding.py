"""Bytes to messages: framing, batches, character sets, delimiters.

Segments may end with CR, LF or CRLF; a byte order mark, blank lines and MLLP frame bytes around the message are
dropped. The character set is MSH-18's (HL7 table 0211), or the sender's where MSH-18 is empty.
"""

import codecs
import re
from collections.abc import Callable

from services.report_normalizer.hl7v2.segments import Message, parse
from services.report_normalizer.reasons import InvalidCode, Rejected, WarningCode
from services.runtime.charsets import codec_of

_BREAK = re.compile(rb"\r\n|\r|\n")
_AROUND = b"\x0b\x1c\r\n\t \x00"
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_HEADERS = (b"MSH", b"FHS", b"BHS")


def split_messages(value: bytes) -> tuple[bytes | None, list[bytes]]:
    """The batch header (None when there is none) and the messages, each as its own bytes.

    Rejected when the value begins with none of MSH, BHS and FHS.
    """
    body = _unwrap(value)
    if body[:3] not in _HEADERS or len(body) < 8:
        raise Rejected(InvalidCode.NOT_HL7, "MSH")
    separator = body[3:4]
    starts = [m.start() for m in re.finditer(rb"(?:^|(?<=[\r\n]))MSH" + re.escape(separator), body)]
    batch = None if body[:3] == b"MSH" else _BREAK.split(body, maxsplit=1)[0]
    ends = [*starts[1:], len(body)]
    found = [_without_trailers(body[a:b]) for a, b in zip(starts, ends, strict=False)]
    return batch, found


def declared_charset(message: bytes) -> str:
    """MSH-18 as it is written, empty when it is absent."""
    line = _BREAK.split(message, maxsplit=1)[0].decode("latin-1")
    fields = line.split(line[3:4]) if len(line) > 3 else []
    return re.split(r"[~^]", fields[17])[0].strip() if len(fields) > 17 else ""


def read(message: bytes, sender_charset: Callable[[str, str], str], warn: Callable[[WarningCode], None]) -> Message:
    """Decode and parse one message. ``sender_charset(MSH-3, MSH-4)`` is asked where MSH-18 doesn't settle it."""
    ascii_header = parse(_BREAK.split(message, maxsplit=1)[0].decode("latin-1"), lambda: None)
    msh = ascii_header.segments[0]
    fallback = sender_charset(msh.value(3), msh.value(4))
    declared = declared_charset(message)
    codec = codec_of(declared) if declared else codec_of(fallback) or "utf-8"
    if codec is None:
        warn(WarningCode.CHARSET_UNKNOWN)
        codec = codec_of(fallback) or "utf-8"
    text = _decode(message, codec, codec_of(fallback), warn)
    cleaned = clean(text)
    if len(cleaned) != len(text):
        warn(WarningCode.CONTROL_CHARACTERS_REMOVED)
    return parse(cleaned, lambda: warn(WarningCode.CONTINUATION_LINES))


def clean(text: str) -> str:
    """Text without the control characters that neither HL7 nor a database takes."""
    return _CONTROL.sub("", text.replace("\x0c", " "))


def _unwrap(value: bytes) -> bytes:
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if value.startswith(mark):
            try:
                return value.decode(codec).encode().strip(_AROUND)
            except UnicodeDecodeError:
                raise Rejected(InvalidCode.UNDECODABLE_TEXT, "MSH-18") from None
    return value.lstrip(_AROUND).removeprefix(codecs.BOM_UTF8).strip(_AROUND)


def _without_trailers(message: bytes) -> bytes:
    """The message without the batch trailers, and the next batch's header, that follow it."""
    cut = re.search(rb"[\r\n](?:BTS|FTS|BHS|FHS)[^\r\n]*[\r\n]*(?=$|BTS|FTS|BHS|FHS)", message)
    return (message[: cut.start()] if cut else message).strip(_AROUND)


def _decode(message: bytes, codec: str, other: str | None, warn: Callable[[WarningCode], None]) -> str:
    if codec.startswith(("utf-16", "utf-32")):
        codec = "utf-8"
    try:
        return message.decode(codec)
    except UnicodeDecodeError:
        warn(WarningCode.CHARSET_MISMATCH)
    for candidate in (other, "utf-8", "cp1252"):
        try:
            if candidate and candidate != codec:
                return message.decode(candidate)
        except UnicodeDecodeError:
            continue
    raise Rejected(InvalidCode.UNDECODABLE_TEXT, "MSH-18")
