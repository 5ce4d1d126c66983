"""Answers say what became of a message, in the sender's own delimiters, mode and version."""

from datetime import UTC, datetime

import hl7
import pytest

from services.intake.acknowledgment import NOT_HL7, TOO_LONG, UNAVAILABLE, Verdict, acknowledge, batch_of
from services.intake.header import Header, read_header, split_batch
from tests.intake.wire import message

NOW = datetime(2021, 3, 2, 11, 0, 5, tzinfo=UTC)
PROBLEMS = {Verdict.STORED: None, Verdict.RETRY: UNAVAILABLE, Verdict.REFUSED: TOO_LONG}


def header(value: bytes) -> Header:
    found = read_header(value)
    assert found is not None
    return found


def codes(value: bytes, verdict: Verdict) -> list[str]:
    return [a.code for a in acknowledge(header(value), verdict, PROBLEMS[verdict], NOW, lambda: "A1")]


def only(value: bytes, verdict: Verdict) -> bytes:
    (answer,) = acknowledge(header(value), verdict, PROBLEMS[verdict], NOW, lambda: "A1")
    return answer.content


def test_an_accepted_message_is_answered_whole() -> None:
    expected = (
        b"MSH|^~\\&|CRYOWATCH|HOSP|RIS|IEO|20210302110005+0000||ACK^R01^ACK|A1|P|2.5.1\r"
        b"MSA|AA|M1\r"
    )  # fmt: skip
    assert expected == only(message(), Verdict.STORED)


def test_an_answer_can_be_read_by_another_library() -> None:
    for verdict in Verdict:
        parsed = hl7.parse(only(message(), verdict).decode())
        assert str(parsed.segment("MSA")[2]) == "M1"


def test_an_error_names_its_code_its_place_and_what_to_do() -> None:
    content = only(message(), Verdict.REFUSED)
    assert content.endswith(
        b"MSA|AR|M1\rERR||MSH^1|102^Data type error^HL70357|E||||The message is longer than this interface takes.\r"
    )
    assert b"MSA|AE|M1\rERR|||207^Application internal error^HL70357|E||||" in only(message(), Verdict.RETRY)


def test_before_version_2_5_the_error_is_in_err_1_and_msa_3() -> None:
    content = only(message().replace(b"|2.5.1", b"|2.3"), Verdict.REFUSED)
    assert content.endswith(
        b"MSA|AR|M1|The message is longer than this interface takes.\rERR|MSH^^1^102&Data type error&HL70357\r"
    )


def test_an_answer_uses_the_senders_delimiters_and_character_set() -> None:
    strange = b"MSH!$*%#!RIS!IEO!CW!IEO!2021!!ADT$A40!M1!P!2.5.1!!!!!!8859/1\r"
    content = only(strange, Verdict.REFUSED)
    assert content.startswith(b"MSH!$*%#!CW!IEO!RIS!IEO!")
    assert b"!ACK$A40$ACK!" in content
    assert b"!8859/1\r" in content


def test_names_go_back_in_the_bytes_in_which_they_came() -> None:
    content = only("MSH|^~\\&|Città|Nicolò|CW|IEO|||ACK|M1|P|2.5".encode("latin-1"), Verdict.STORED)
    assert "|CW|IEO|Città|Nicolò|".encode("latin-1") in content


def test_what_has_no_header_is_refused_under_our_own_name() -> None:
    (answer,) = acknowledge(None, Verdict.REFUSED, NOT_HL7, NOW, lambda: "A1")
    assert answer.content.startswith(
        b"MSH|^~\\&|CRYOWATCH|CRYOWATCH|||20210302110005+0000||ACK|A1|P|2.5.1\rMSA|AR|\rERR||MSH^1|"
    )


@pytest.mark.parametrize(
    ("accept", "application", "stored", "retry", "refused"),
    [
        ("", "", ["AA"], ["AE"], ["AR"]),
        ("AL", "", ["CA"], ["CE"], ["CR"]),
        ("AL", "NE", ["CA"], ["CE"], ["CR"]),
        ("AL", "AL", ["CA", "AA"], ["CE"], ["CR"]),
        ("NE", "AL", ["AA"], ["AE"], ["AR"]),
        ("NE", "NE", [], [], []),
        ("ER", "NE", [], ["CE"], ["CR"]),
        ("SU", "NE", ["CA"], [], []),
        ("NE", "ER", [], ["AE"], ["AR"]),
        ("ER", "SU", ["AA"], ["CE"], ["CR"]),
    ],
)
def test_enhanced_mode_answers_as_the_sender_asks(
    accept: str, application: str, stored: list[str], retry: list[str], refused: list[str]
) -> None:
    value = message(accept=accept, application=application)
    assert [stored, retry, refused] == [codes(value, v) for v in (Verdict.STORED, Verdict.RETRY, Verdict.REFUSED)]


def test_the_answers_to_a_batch_are_a_batch() -> None:
    batch = header(b"BHS|^~\\&|RIS|IEO|CW|IEO|2021||||B7\r")
    answers = [a for _ in range(2) for a in acknowledge(header(message()), Verdict.STORED, None, NOW, lambda: "A1")]
    lines = batch_of(batch, answers, NOW, "A9").split(b"\r")
    assert lines[0] == b"BHS|^~\\&|CW|IEO|RIS|IEO|20210302110005+0000||||A9|B7"
    assert [lines[n][:3] if n < 5 else lines[n] for n in range(1, 7)] == [b"MSH", b"MSA", b"MSH", b"MSA", b"BTS|2", b""]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"MSH",
        b"PID|1",
        b"MSH|",
        b"MSH||||",
        b"MSH|^^\\&|A",
        b"MSHA^~\\&A",
        b"{}",
        b"GET / HTTP/1.1",
        b"\xffMSH|^~\\&|A",
    ],
)
def test_what_has_no_usable_header_has_none(value: bytes) -> None:
    assert read_header(value) is None


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n", b"\x0b"])
def test_a_header_is_found_behind_marks_and_blank_lines(before: bytes) -> None:
    assert header(before + message()).sender == "RIS|IEO"


def test_a_single_message_stays_as_it_came() -> None:
    value = b"\xef\xbb\xbf" + message()
    assert (None, [value]) == split_batch(value)


def test_a_batch_is_cut_into_its_messages() -> None:
    one, two = message("M1"), message("M2")
    head, messages = split_batch(b"FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r" + one + two + b"BTS|2\rFTS|1\r")
    assert head is not None
    assert (b"FHS", [one, two]) == (head.name, messages)


def test_messages_on_end_are_several() -> None:
    assert (None, [message("M1"), message("M2")]) == split_batch(message("M1") + message("M2"))


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("MSH|^~\\&|A|B|C|D|20210302||ORU^R01|M1|P|2.5.1||||||UNICODE UTF-8", b"|P|2.5.1||||||UNICODE UTF-8\r"),
        ("MSH|^~\\&|A|B|C|D|20210302||ORU^R01|M1|T^A|2.3^ITA||||||8859/1~ISO IR87", b"|T^A|2.3||||||8859/1~ISO IR87\r"),
        ("MSH|^~\\&|A|B|C|D|20210302||ORU^DOE|M1|DOE|DOE||||||DOE", b"||ACK|ACK1|P|2.5.1\r"),
        ("MSH|^~\\&|A|B|C|D|20210302||ORU^R01|M1|P|2.5.1||||||" + "ISO " * 9000 + "x", b"|P|2.5.1\r"),
    ],
)
def test_a_garbled_header_is_not_repeated(header: str, kept: bytes) -> None:
    received = read_header(header.encode() + b"\rPID|1||EX0001\r")
    (answer,) = acknowledge(received, Verdict.STORED, None, NOW, lambda: "ACK1")
    assert kept in answer.content
    assert b"DOE" not in answer.content
