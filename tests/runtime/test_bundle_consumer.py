"""A bundle holds every record of its topic and poll, in the order of each partition, and knows where each ends."""

import asyncio
import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP

from services.runtime.bundle_consumer import BundleConsumer, bundles, ends


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    timestamp_type: int = 0


def records(topic: str, partition: int, offsets: range) -> dict[TP, list[Record]]:
    return {TP(topic, partition): [Record(topic, partition, offset) for offset in offsets]}


def test_one_bundle_a_topic_with_all_its_partitions() -> None:
    polled = records("a", 0, range(3, 6)) | records("a", 2, range(9, 10)) | records("b", 1, range(4))
    made = bundles(polled, {})
    assert {tp.topic: len(found) for tp, found in made.items()} == {"a": 1, "b": 1}
    for tp, [bundle] in made.items():
        assert (bundle.topic, bundle.partition) == tp
        assert sorted(bundle.value, key=repr) == sorted(
            (r for of, found in polled.items() if of.topic == tp.topic for r in found), key=repr
        )
    assert ends([r for found in made.values() for bundle in found for r in bundle.value]) == {
        ("a", 0): 5,
        ("a", 2): 9,
        ("b", 1): 3,
    }


def test_the_bundle_bears_the_place_of_the_last_record_of_its_partition() -> None:
    [(tp, [bundle])] = bundles(records("a", 1, range(7, 9)) | records("a", 0, range(40, 44)), {}).items()
    assert bundle.offset == ends(bundle.value)[tp]


def test_records_from_before_a_seek_are_left_out_and_take_no_others_with_them() -> None:
    polled = records("a", 0, range(10)) | records("a", 1, range(5, 8))
    [[bundle]] = bundles(polled, {TP("a", 0): 4, TP("a", 1): None}).values()
    assert ends(bundle.value) == {("a", 0): 9, ("a", 1): 7}
    assert [r.offset for r in bundle.value if r.partition == 0] == list(range(4, 10))
    [[bundle]] = bundles(polled, {TP("a", 1): 100}).values()
    assert ends(bundle.value) == {("a", 0): 9}
    assert bundles(polled, {TP("a", 0): 10, TP("a", 1): 8}) == {}


def test_each_partition_stays_in_order_whatever_is_polled_with_it() -> None:
    chance = random.Random(7)
    for _ in range(50):
        polled: dict[TP, list[Record]] = {}
        for partition in chance.sample(range(8), 5):
            first = chance.randrange(100)
            polled |= records("a", partition, range(first, first + chance.randrange(20)))
        for found in bundles(polled, {}).values():
            for partition in range(8):
                offsets = [r.offset for r in found[0].value if r.partition == partition]
                assert offsets == [r.offset for r in polled.get(TP("a", partition), [])]


Polls = list[dict[TP, list[Record]]]


def handed_out(polls: Polls, monkeypatch: pytest.MonkeyPatch, *, stopped_in_the_pause: bool) -> list[tuple[int, int]]:
    """Partition and offset of what is handed out under load when the broker gives ``polls``.

    The flow is stopped in the pause, or during the second poll.
    """
    script = iter(polls)

    async def poll(consumer: BundleConsumer, timeout: float) -> Any:
        if len(seen) == 1 and not stopped_in_the_pause:
            consumer._stops += 1
        seen.append(timeout)
        return next(script), set()

    async def pause(_: float) -> None:
        if stopped_in_the_pause:
            consumer._stops += 1

    async def run() -> Any:
        consumer._handed = asyncio.get_running_loop().time()
        return await consumer._wait_next_records(1.0)

    seen: list[float] = []
    monkeypatch.setattr(driver.Consumer, "_wait_next_records", poll)
    monkeypatch.setattr(BundleConsumer, "should_stop", False)
    consumer = BundleConsumer.__new__(BundleConsumer)
    app = SimpleNamespace(conf=SimpleNamespace(broker_max_poll_records=100))
    vars(consumer).update(_read_offset={}, sleep=pause, _unacked_messages=[SimpleNamespace(acked=False)], app=app)
    made, _ = asyncio.run(run())
    return [(r.partition, r.offset) for found in made.values() for bundle in found for r in bundle.value]


AFTER = records("t", 0, range(103, 105))
BEFORE = {"a gap": records("t", 0, range(110, 112)), "again": records("t", 0, range(103, 104))}


@pytest.mark.parametrize("before", [*BEFORE.values(), records("t", 3, range(7, 8))], ids=[*BEFORE, "another partition"])
def test_what_was_gathered_before_a_rebalance_does_not_go_out_after_it(
    before: dict[TP, list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert handed_out([before, AFTER, {}], monkeypatch, stopped_in_the_pause=True) == []
    assert handed_out([before, AFTER, {}], monkeypatch, stopped_in_the_pause=False) == [(0, 103), (0, 104)]


def gathered_under_load(polls: Polls, pauses: int, monkeypatch: pytest.MonkeyPatch, most: int) -> list[list[float]]:
    """How long each poll waits, before the first pause and after each, and last the offsets that are handed out.

    A bundle is in hand for so many pauses; a poll brings ``most`` records at most.
    """
    script = iter(polls)
    waits: list[list[float]] = [[]]
    in_hand = SimpleNamespace(acked=not pauses)

    async def poll(consumer: BundleConsumer, timeout: float) -> Any:
        waits[-1].append(timeout)
        return next(script), set()

    async def pause(_: float) -> None:
        in_hand.acked = len(waits) == pauses
        waits.append([])

    monkeypatch.setattr(driver.Consumer, "_wait_next_records", poll)
    monkeypatch.setattr(BundleConsumer, "should_stop", False)
    consumer = BundleConsumer.__new__(BundleConsumer)
    app = SimpleNamespace(conf=SimpleNamespace(broker_max_poll_records=most))
    vars(consumer).update(_read_offset={}, _handed=-1e9, sleep=pause, _unacked_messages=[in_hand], app=app)
    made, _ = asyncio.run(consumer._wait_next_records(1.0))
    return [*waits, [r.offset for found in made.values() for bundle in found for r in bundle.value]]


def test_it_looks_twice_since_the_first_look_finds_one_record_and_lets_the_others_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polls = [records("t", 0, range(1)), records("t", 0, range(1, 2)), records("t", 0, range(2, 9))]
    assert gathered_under_load(polls, 1, monkeypatch, 100) == [[1.0], [0.0, 0.01], list(range(9))]


def test_a_look_that_finds_nothing_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    polls: Polls = [records("t", 0, range(1)), {}, {}]
    assert gathered_under_load(polls, 2, monkeypatch, 100) == [[1.0], [0.0], [0.0], [0]]


def test_a_bundle_in_hand_lets_no_more_than_the_polls_of_one_bundle_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    polls = [records("t", 0, range(start, start + 10)) for start in range(0, 100, 10)]
    found = gathered_under_load(polls, 3, monkeypatch, 10)
    assert found == [[1.0], [0.0, 0.01], [0.0], [], list(range(40))]


def test_at_rest_a_record_goes_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest = gathered_under_load([records("t", 0, range(1))], 0, monkeypatch, 100)
    assert at_rest == [[1.0], [0]]
