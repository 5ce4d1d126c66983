"""Frames come out of the byte stream whole, however the network cuts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.framing import Frame, Framer, Whole


def frames(*packets: bytes, longest: int = 1000) -> list[Frame]:
    framer = Framer(longest)
    return [frame for packet in packets for frame in framer.feed(packet)]


def test_several_messages_in_one_packet_are_several_frames() -> None:
    assert [Frame(b"MSH|1"), Frame(b"MSH|2")] == frames(b"\x0bMSH|1\x1c\r\x0bMSH|2\x1c\r")


@given(st.lists(st.binary(max_size=30).map(lambda b: b.translate(None, b"\x0b\x1c")), max_size=6), st.data())
def test_any_split_into_packets_gives_the_same_frames(contents: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(b"\x0b" + content + b"\x1c\r" for content in contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    packets = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [Frame(content) for content in contents] == frames(*packets)


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_stream_of_bytes_raises_or_keeps_room(packets: list[bytes]) -> None:
    held = 0

    def room(size: int) -> bool:
        nonlocal held
        held += size
        return True

    framer = Framer(25, room)
    for packet in packets:
        list(framer.feed(packet))
    framer.rest()
    assert held == 0


@pytest.mark.parametrize(
    "stream",
    [
        b"junk\r\n\x0bMSH|1\x1c\r",
        b"\x0b\x0bMSH|1\x1c\r",
        b"\x1c\r\x0bMSH|1\x1c\r",
        b"\x0bMSH|1\x1c",
        b"\r\n\x0bMSH|1\x1c\n",
    ],
)
def test_bytes_around_a_frame_do_no_harm(stream: bytes) -> None:
    assert [Frame(b"MSH|1")] == frames(stream)


def test_junk_is_counted_and_line_ends_between_frames_are_none() -> None:
    framer = Framer(1000)
    list(framer.feed(b"junk\x0bMSH\x1c\r\r\n\x0bMSH\x1c\r"))
    assert (framer.stray_in_all, framer.stray) == (4, 0)


def test_a_message_that_begins_anew_inside_a_frame_leaves_the_first_cut_off() -> None:
    expected = [Frame(b"MSH|1\rOBX", Whole.CUT_OFF), Frame(b"MSH|2\r")]
    assert expected == frames(b"\x0bMSH|1\rOBX\x0bMSH|2\r\x1c\r")


def test_a_vertical_tab_in_the_text_is_text() -> None:
    assert [Frame(b"MSH|1\rOBX|a\x0bb\r")] == frames(b"\x0bMSH|1\rOBX|a\x0bb\r\x1c\r")


def test_a_message_that_is_too_long_keeps_its_beginning_and_the_next_is_whole() -> None:
    first, second = frames(b"\x0bMSH|1" + b"x" * 5000, b"y" * 5000 + b"\x1c\r\x0bMSH|2\x1c\r")
    assert (first.whole, first.content[:5], len(first.content) <= 4096) == (Whole.TOO_LONG, b"MSH|1", True)
    assert Frame(b"MSH|2") == second


def test_no_room_is_said_and_given_back() -> None:
    held = []

    def room(size: int) -> bool:
        if sum(held) + size > 10:
            return False
        held.append(size)
        return True

    framer = Framer(1000, room)
    assert [f.whole for f in framer.feed(b"\x0bMSH|12345678\x1c\r")] == [Whole.NO_ROOM]
    assert [f.whole for f in framer.feed(b"\x0bMSH|1\x1c\r")] == [Whole.COMPLETE]
    assert sum(held) == 0


def test_the_rest_of_a_stream_is_a_frame_cut_off() -> None:
    framer = Framer(1000)
    assert list(framer.feed(b"\x0bMSH|1\rPI")) == []
    assert Frame(b"MSH|1\rPI", Whole.CUT_OFF) == framer.rest()
    assert framer.rest() is None
