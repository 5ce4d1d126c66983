"""One Faust event per partition and poll, instead of one per record.

Faust spends some 80 µs of event-loop work on every event and keeps books of gaps between acknowledged offsets, which
on compacted and transactional topics never close. A bundle is acknowledged as a whole, in order, so neither matters.
What is overridden and read is private to Faust: the version is pinned, and the chaos test guards it.
"""

from typing import Any

from faust.exceptions import NotReady
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ack_lock


class Bundle:
    """The records of one partition and poll, shaped like one record whose value is the list of them."""

    checksum = None
    headers = ()
    key = None
    serialized_key_size = serialized_value_size = 0

    def __init__(self, records: list[Any]) -> None:
        last = records[-1]
        self.value = records
        self.topic, self.partition, self.offset = last.topic, last.partition, last.offset
        self.timestamp, self.timestamp_type = last.timestamp, last.timestamp_type


class BundleConsumer(driver.Consumer):  # type: ignore[misc]  # Faust has no types
    """A Faust consumer that hands out bundles and commits the highest acknowledged offset."""

    async def _wait_next_records(self, timeout: float) -> Any:
        records, active = await super()._wait_next_records(timeout)
        return {tp: [Bundle(found)] for tp, found in (records or {}).items() if found}, active

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Bundles are acknowledged in order: there are no gaps to keep."""

    def lag(self) -> dict[str, int]:
        """Records by topic that the broker has and that aren't committed, over the partitions that are ours."""
        found: dict[str, int] = {}
        try:
            for tp in self.assignment():
                behind = (self.highwater(tp) or 0) - (self._committed_offset[tp] or 0)
                found[tp.topic] = found.get(tp.topic, 0) + max(0, behind)
        except (NotReady, AssertionError):  # asked before the first assignment, or while one is taken back
            return {}
        return found

    def _new_offset(self, tp: Any) -> int | None:
        with ack_lock:
            acked = self._acked[tp]
            if not acked:
                return None
            top: int = max(acked)
            acked.clear()
            self._acked_index[tp].clear()
            return top + 1


class BundleTransport(driver.Transport):  # type: ignore[misc]  # Faust has no types
    """Faust's Kafka transport with :class:`BundleConsumer`."""

    Consumer = BundleConsumer
