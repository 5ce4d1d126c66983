"""A bundle holds every record of its topic and poll, in the order of each partition, and knows where each ends."""

import random
from dataclasses import dataclass

from faust.types.tuples import TP

from services.runtime.bundle_consumer import bundles, ends


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
