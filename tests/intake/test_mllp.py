"""The MLLP server answers every message, and AA only when it is durable."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.intake.mllp import Limits
from tests.intake.wire import Door, Sender, Store, door, message


def play(story: Callable[[Door], Awaitable[None]], limits: Limits | None = None, store: Store | None = None) -> None:
    async def run() -> None:
        async with door(limits, store) as opened:
            await story(opened)

    asyncio.run(run())


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_message_is_stored_as_it_came_and_then_acknowledged() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        assert b"MSA|AA|M1\r" in await sender.exchange(message())
        ((topic, key, value, headers),) = d.store.records
        assert ("hl7v2-inbound", b"RIS|IEO", message()) == (topic, key, value)
        assert headers == {"cw-source": b"mllp", "cw-sender": b"RIS|IEO", "content-type": b"x-application/hl7-v2+er7"}
        assert d.counted("AA") == 1
        await sender.close()

    play(story)


def test_nothing_is_acknowledged_before_it_is_stored() -> None:
    store = Store()

    async def story(d: Door) -> None:
        store.hold = asyncio.Event()
        sender = await d.connect()
        await sender.write(b"\x0b" + message() + b"\x1c\r")
        answer = asyncio.ensure_future(sender.answer())
        done, _ = await asyncio.wait({answer}, timeout=0.3)
        assert not done
        store.hold.set()
        assert b"MSA|AA|M1" in await answer
        await sender.close()

    play(story, store=store)


def test_a_message_in_single_bytes_is_one_message() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        for byte in b"\x0b" + message() + b"\x1c\r":
            await sender.write(bytes([byte]))
        assert b"MSA|AA|M1\r" in await sender.answer()
        await sender.close()

    play(story)


def test_several_messages_on_one_connection_are_answered_in_order() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"".join(b"\x0b" + message(f"M{n}") + b"\x1c\r" for n in range(20)))
        for n in range(20):
            assert f"MSA|AA|M{n}\r".encode() in await sender.answer()
        assert len(d.store.records) == 20
        await sender.close()

    play(story)


def test_many_connections_are_served_at_once() -> None:
    async def story(d: Door) -> None:
        async def one(number: int) -> None:
            sender = await d.connect()
            for turn in range(5):
                assert f"MSA|AA|{number}-{turn}\r".encode() in await sender.exchange(message(f"{number}-{turn}"))
            await sender.close()

        await asyncio.gather(*(one(number) for number in range(30)))
        assert len(d.store.records) == 150
        await eventually(lambda: d.metrics.registry.get_sample_value("cryo_intake_connections") == 0)

    play(story)


def test_a_message_of_a_megabyte_is_stored_whole() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        long = message(more=b"OBX|1|TX|||" + b"x" * 2**20 + b"\r")
        assert b"MSA|AA|M1" in await sender.exchange(long)
        assert [long] == d.store.values
        await sender.close()

    play(story)


def test_a_message_over_the_limit_is_refused_and_the_next_is_taken() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        answer = await sender.exchange(message(more=b"x" * 300_000))
        assert b"MSA|AR|M1\rERR||MSH^1|102^" in answer
        assert b"MSA|AA|M2" in await sender.exchange(message("M2"))
        assert [message("M2")] == d.store.values
        await sender.close()

    play(story, Limits(longest_message=100_000))


def test_a_message_larger_than_the_broker_takes_is_refused() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        assert b"MSA|AR|M1" in await sender.exchange(message(more=b"x" * 3000))
        await sender.close()

    play(story, store=Store(longest=1000))


def test_without_kafka_the_sender_is_asked_to_send_again_and_then_is_served() -> None:
    store = Store(down=True)

    async def story(d: Door) -> None:
        sender = await d.connect()
        assert b"MSA|AE|M1\rERR|||207^" in await sender.exchange(message())
        store.down = False
        assert b"MSA|AA|M1" in await sender.exchange(message())
        assert [message()] == store.values
        assert (d.counted("AE"), d.counted("AA")) == (1, 1)
        await sender.close()

    play(story, store=store)


@pytest.mark.parametrize("body", [b"PING\r", b"", b"<html/>", b"\x80\x81\x82", b'{"resourceType":"Patient"}', b"MSH"])
def test_what_is_no_hl7_is_refused_and_not_stored(body: bytes) -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        assert b"MSA|AR|\rERR||MSH^1|100^" in await sender.exchange(body)
        assert d.store.records == []
        assert b"MSA|AA|M1" in await sender.exchange(message())
        await sender.close()

    play(story)


def test_a_readable_header_is_stored_whatever_follows() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        odd = b"MSH|^~\\&|RIS\r\xff\xfe\x00 nothing that anybody knows"
        assert b"MSA|AA|" in await sender.exchange(odd)
        assert [odd] == d.store.values
        await sender.close()

    play(story)


def test_junk_before_a_frame_is_counted_and_does_no_harm() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"noise")
        assert b"MSA|AA|M1" in await sender.exchange(message())
        await eventually(lambda: d.metrics.registry.get_sample_value("cryo_intake_stray_bytes_total") == 5)
        await sender.close()

    play(story)


def test_a_sender_without_frames_is_told_before_it_is_hung_up_on() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(message())
        assert (
            b"MSA|AR|\rERR||MSH^1|100^Segment sequence error^HL70357|E||||Bytes came without" in await sender.answer()
        )
        assert await sender.hung_up()
        assert d.store.records == []

    play(story, Limits(stalled=0.2))


def test_a_sender_that_stalls_inside_a_message_is_asked_to_send_again() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"\x0b" + message()[:-8])
        assert b"MSA|AE|M1\rERR|||207^" in await sender.answer()
        assert await sender.hung_up()

    play(story, Limits(stalled=0.2))


def test_a_sender_that_ends_inside_a_message_is_asked_to_send_again() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"\x0b" + message()[:-8])
        sender.writer.write_eof()
        assert b"MSA|AE|M1" in await sender.answer()
        assert d.store.records == []
        await sender.close()

    play(story)


def test_a_silent_connection_is_closed_after_a_while_and_a_served_one_stays_for_longer() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"noise")
        assert b"MSA|AA|M1" in await sender.exchange(message())
        await asyncio.sleep(0.3)
        assert b"MSA|AA|M2" in await sender.exchange(message("M2"))
        assert await sender.hung_up()

    play(story, Limits(idle=1.0, stalled=0.1))


def test_one_connection_too_many_is_asked_to_come_again() -> None:
    async def story(d: Door) -> None:
        first, second = await d.connect(), await d.connect()
        assert b"MSA|AA|M1" in await first.exchange(message())
        assert b"MSA|AA|M1" in await second.exchange(message())
        third = await d.connect()
        assert b"MSA|AE|M3\rERR|||207^" in await third.exchange(message("M3"))
        assert await third.hung_up()
        await first.close()
        await eventually(lambda: d.metrics.registry.get_sample_value("cryo_intake_connections") == 1)
        fourth = await d.connect()
        assert b"MSA|AA|M4" in await fourth.exchange(message("M4"))
        await second.close()
        await fourth.close()

    play(story, Limits(connections=2))


def test_all_connections_together_hold_a_bounded_number_of_bytes() -> None:
    async def story(d: Door) -> None:
        slow, quick = await d.connect(), await d.connect()
        await slow.write(b"\x0b" + message(more=b"x" * 80_000))
        await eventually(lambda: (d.metrics.registry.get_sample_value("cryo_intake_buffered_bytes") or 0) > 80_000)
        assert b"MSA|AE|M2" in await quick.exchange(message("M2", more=b"y" * 50_000))
        await slow.write(b"\x1c\r")
        assert b"MSA|AA|M1" in await slow.answer()
        assert b"MSA|AA|M2" in await quick.exchange(message("M2", more=b"y" * 50_000))
        await slow.close()
        await quick.close()

    play(story, Limits(buffered=100_000))


@pytest.mark.parametrize(
    ("accept", "application", "answers"),
    [("AL", "NE", [b"CA"]), ("AL", "AL", [b"CA", b"AA"]), ("NE", "AL", [b"AA"])],
)
def test_enhanced_mode_is_honored(accept: str, application: str, answers: list[bytes]) -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"\x0b" + message(accept=accept, application=application) + b"\x1c\r")
        assert answers == [(await sender.answer()).split(b"MSA|")[1][:2] for _ in answers]
        await sender.close()

    play(story)


def test_a_sender_that_wants_no_answer_gets_none() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        await sender.write(b"\x0b" + message("M1", accept="NE", application="NE") + b"\x1c\r")
        assert b"MSA|AA|M2" in await sender.exchange(message("M2"))
        assert len(d.store.records) == 2
        assert d.counted("none") == 1
        await sender.close()

    play(story)


def test_a_batch_is_stored_message_by_message_and_answered_as_a_batch() -> None:
    async def story(d: Door) -> None:
        sender = await d.connect()
        batch = b"BHS|^~\\&|RIS|IEO|CW|IEO|2021||||B7\r" + message("M1") + message("M2") + b"BTS|2\r"
        answer = await sender.exchange(batch)
        assert answer.startswith(b"BHS|^~\\&|CW|IEO|RIS|IEO|")
        assert [s for s in answer.split(b"\r") if s.startswith(b"MSA")] == [b"MSA|AA|M1", b"MSA|AA|M2"]
        assert [message("M1"), message("M2")] == d.store.values
        await sender.close()

    play(story)


def test_stopping_finishes_what_was_received_in_whole() -> None:
    store = Store()

    async def story(d: Door) -> None:
        store.hold = asyncio.Event()
        busy, idle = await d.connect(), await d.connect()
        await busy.write(b"\x0b" + message() + b"\x1c\r")
        await eventually(lambda: len(d.server.waiting) == 1)
        stopping = asyncio.ensure_future(d.server.close())
        assert await idle.hung_up()
        assert not stopping.done()
        store.hold.set()
        assert b"MSA|AA|M1" in await busy.answer()
        assert await busy.hung_up()
        await stopping

    play(story, store=store)


def test_a_sender_that_hangs_up_without_reading_harms_nobody() -> None:
    async def story(d: Door) -> None:
        for _ in range(5):
            rude = await d.connect()
            await rude.write(b"\x0b" + message() + b"\x1c\r")
            rude.writer.transport.abort()
        polite: Sender = await d.connect()
        assert b"MSA|AA|M9" in await polite.exchange(message("M9"))
        await polite.close()

    play(story)
