"""Bytes become the same message whatever their character set, line ends, delimiters and frame."""

import hl7 as python_hl7
import pytest

from services.contracts.registry import SCHEMAS
from services.report_normalizer.hl7v2.segments import parse
from services.runtime.charsets import codec_of
from services.runtime.outcomes import Done, Invalid
from services.runtime.sites import Sender, Site, Sites
from tests.report_normalizer.messages import SITES, example, facts, hl7, lines, msh, obr, oru, raw, statement, warnings

ACCENTED = ["REPERTI:", "Più versamento a sinistra."]


def report(charset: str = "", sender: str = "PACSREP|IEO") -> str:
    header = msh("ORU^R01^ORU_R01", sender=sender) + (f"||||||{charset}" if charset else "")
    return "\r".join([header, "PID|1||EX0001^^^IEO^MR", obr(), *lines(*ACCENTED)]) + "\r"


EXPECTED = "REPERTI:\nPiù versamento a sinistra.\n"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859-15"),
        ("ISO IR100", "latin-1"),
        ("UNICODE UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("windows-1252", "cp1252"),
    ],
)
def test_the_declared_character_set_is_used(declared: str, codec: str) -> None:
    outcome = raw(report(declared).encode(codec))
    assert (statement(outcome).text, warnings(outcome)) == (EXPECTED, ())


def test_the_senders_character_set_is_used_when_none_is_declared() -> None:
    assert statement(raw(report().encode("latin-1"))).text == EXPECTED


def test_an_unknown_character_set_gives_way_to_the_senders() -> None:
    outcome = raw(report("MARTIAN").encode("latin-1"))
    assert (statement(outcome).text, warnings(outcome)) == (EXPECTED, ("charset_unknown",))


def test_bytes_that_dont_fit_the_declared_set_are_read_as_the_sender_writes() -> None:
    outcome = raw(report("UNICODE UTF-8").encode("latin-1"))
    assert (statement(outcome).text, warnings(outcome)) == (EXPECTED, ("charset_mismatch",))


def test_a_sender_without_settings_is_read_in_utf_8_else_in_windows_1252() -> None:
    for codec, noted in (("utf-8", ()), ("cp1252", ("charset_mismatch",))):
        outcome = raw(report(sender="NEW|IEO").encode(codec))
        assert (EXPECTED, noted) == (statement(outcome).text, warnings(outcome))


def test_bytes_of_no_character_set_are_a_dead_letter() -> None:
    outcome = raw(report(sender="NEW|IEO").encode() + b"OBX|9|TX|||\x81\x8d\xff\r")
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("undecodable_text", "MSH-18")


@pytest.mark.parametrize("name", ["8859/1", "ASCII", "UNICODE", "GB 18030-2000", "ISO IR87", "KS X 1001", "BIG-5"])
def test_every_character_set_of_the_hl7_table_has_a_codec(name: str) -> None:
    assert codec_of(name)


@pytest.mark.parametrize("name", ["", "8859/99", "MARTIAN", "\x00", "utf\n8", "x" * 5000])
def test_an_unknown_character_set_has_none(name: str) -> None:
    assert codec_of(name) is None


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_may_end_in_three_ways(end: str) -> None:
    assert statement(raw(report("UTF-8").replace("\r", end).encode())).text == EXPECTED


@pytest.mark.parametrize(
    "around",
    [(b"\xef\xbb\xbf", b""), (b"\x0b", b"\x1c\r"), (b"\r\n\x0b\xef\xbb\xbf", b"\r\n\x1c\r\n"), (b"", b"\r\r\r")],
)
def test_frames_marks_and_blank_lines_around_a_message_are_dropped(around: tuple[bytes, bytes]) -> None:
    before, after = around
    assert statement(raw(before + report("UTF-8").encode() + after)).text == EXPECTED


def test_utf_16_with_its_mark_is_read() -> None:
    assert statement(raw(report("UNICODE UTF-16").encode("utf-16"))).text == EXPECTED


def test_a_message_without_a_last_line_end_is_whole() -> None:
    assert statement(raw(report("UTF-8").encode().rstrip(b"\r"))).text == EXPECTED


def test_control_characters_are_taken_out_and_said() -> None:
    outcome = oru(obr(), *lines("Eff\x00us\x07ion."))
    assert (statement(outcome).text, warnings(outcome)) == ("Effusion.\n", ("control_characters_removed",))


def test_other_delimiters_say_the_same() -> None:
    plain = facts(example("hl7v2-inbound", "valid/ct-report-final.hl7"))
    odd = facts(example("hl7v2-inbound", "valid/ct-report-other-delimiters.hl7"))
    assert [f.statement for f in plain] == [f.statement for f in odd]


@pytest.mark.parametrize("marks", ["^~\\&#", "^~\\&", "^~\\", "^~", "^"])
def test_msh_2_may_have_one_to_five_characters(marks: str) -> None:
    header = msh("ORU^R01^ORU_R01").replace("^~\\&", marks, 1)
    assert statement(hl7(header, "PID|1||EX0001^^^IEO^MR", obr(), *lines("One."))).text == "One.\n"


@pytest.mark.parametrize("marks", ["^^\\&", "^|", "ab12", "^~\\^", "^ \\&"])
def test_unusable_delimiters_are_a_dead_letter(marks: str) -> None:
    outcome = hl7(msh("ORU^R01").replace("^~\\&", marks, 1))
    assert isinstance(outcome, Invalid)


def test_a_line_break_inside_a_segment_belongs_to_its_text() -> None:
    outcome = oru(obr(), "OBX|1|TX|C||One.\nTwo.\n\nThree.||||||F", *lines("x", "Four.")[1:])
    assert (statement(outcome).text, warnings(outcome)) == ("One.\nTwo.\n\nThree.\nFour.\n", ("continuation_lines",))


def test_a_batch_is_read_message_by_message() -> None:
    first, second = report("UTF-8").encode(), report("8859/1").replace("CT0001", "CT0002").encode("latin-1")
    whole = b"FHS|^~\\&|PACSREP|IEO|||||||F1\rBHS|^~\\&|PACSREP|IEO|||||||B1\r" + first + second + b"BTS|2\rFTS|1\r"
    outcome = raw(whole)
    assert isinstance(outcome, Done)
    assert [f"report-body/report:IEO:CT000{n}" for n in (1, 2)] == [f.id for f in outcome.results[::2]]
    assert {EXPECTED} == {f.statement.text for f in outcome.results[::2]}
    assert (
        outcome.identity.sender, outcome.identity.control_id, outcome.identity.type,
    ) == ("PACSREP|IEO", "F1", "FHS")  # fmt: skip


def test_a_batch_of_messages_that_are_not_ours_is_ignored() -> None:
    outcome = raw(b"BHS|^~\\&|RIS|IEO\r" + msh("SIU^S12").encode() + b"\rBTS|1\r")
    assert outcome.code == "message_type_not_used"
    assert raw(b"BHS|^~\\&|RIS|IEO\rBTS|0\r").code == "empty_batch"


def test_messages_on_end_without_a_batch_header_are_a_batch() -> None:
    one = report("UTF-8").encode()
    assert len(facts(raw(one + one.replace(b"CT0001", b"CT0002")))) == 4


@pytest.mark.parametrize("value", [b"", b"PING\r", b"MSH", b"MSH|^~\\&", b"{}", b"\xff\xfeM", b"PID|1\rMSH|^~\\&|A\r"])
def test_what_is_no_hl7_is_a_dead_letter(value: bytes) -> None:
    assert isinstance(raw(value), Invalid)


def test_identity_is_sender_control_id_content_and_type() -> None:
    one, again, other = (hl7(msh("SIU^S12", c), "SCH|1") for c in ("A7", "A7", "A8"))
    assert (
        one.identity.sender, one.identity.control_id, one.identity.type,
    ) == ("PACSREP|IEO", "A7", "SIU^S12")  # fmt: skip
    assert one.identity == again.identity != other.identity


def test_a_message_without_control_id_is_taken_and_said() -> None:
    outcome = hl7(msh("ORU^R01", ""), "PID|1||EX0001^^^IEO^MR", obr(), *lines("One."))
    assert warnings(outcome) == ("control_id_missing",)


def test_an_unconfigured_site_is_named_by_its_facility_and_its_times_are_utc() -> None:
    outcome = oru(obr(), *lines("One."), sites=Sites())
    assert (
        statement(outcome).site, statement(outcome).performed.earliest.isoformat(),
    ) == ("IEO", "2021-03-02T10:15:00+00:00")  # fmt: skip
    assert warnings(outcome) == ("site_not_configured",)


def test_a_message_without_any_site_is_a_dead_letter() -> None:
    header = msh("ORU^R01", sender="PACSREP|")
    outcome = hl7(header, "PID|1||EX0001", obr(), *lines("One."), sites=Sites())
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("site_unknown", "PID-3")


def test_a_senders_own_zone_is_stronger_than_its_sites() -> None:
    sites = Sites(SITES.sites, {"PACSREP|IEO": Sender("PACSREP|IEO", "IEO", time_zone="America/New_York")})
    assert (
        statement(oru(obr(), *lines("x."), sites=sites)).performed.earliest.isoformat() == "2021-03-02T15:15:00+00:00"
    )


def test_a_number_that_another_known_site_assigned_belongs_to_it() -> None:
    sites = Sites(SITES.sites | {"OSR": Site("OSR", "Europe/Rome")}, SITES.senders)
    outcome = hl7(msh("ORU^R01"), "PID|1||7^^^OSR^MR", obr(), *lines("x."), sites=sites)
    assert (statement(outcome).site, statement(outcome).patient_id) == ("OSR", "7")


def test_of_several_patient_numbers_the_sites_own_medical_record_number_is_taken() -> None:
    outcome = hl7(msh("ORU^R01"), "PID|1||T1^^^TAX^NI~A1^^^IEO^AN~EX7^^^IEO^MR", obr(), *lines("x."))
    assert statement(outcome).patient_id == "EX7"


@pytest.mark.parametrize(
    "path", sorted((SCHEMAS / "examples/hl7v2-inbound/1/valid").glob("c*.hl7")), ids=lambda p: p.stem
)
def test_the_parser_agrees_with_python_hl7(path: object) -> None:
    text = path.read_bytes().decode("latin-1").removeprefix("ï»¿").replace("\r\n", "\r").replace("\n", "\r")
    if "^~\\&#" in text or not text.startswith("MSH|") or "continuation" in path.name:
        return  # what the library can't read, or reads as segments of their own
    ours, theirs = parse(text, lambda: None), python_hl7.parse(text)
    assert [str(s[0]) for s in theirs] == [s.name for s in ours.segments]
    for mine, other in zip(ours.segments[1:], list(theirs)[1:], strict=True):
        assert [str(f) for f in other][1:] == list(mine.fields[1:])
