"""One Faust event per topic and poll, instead of one per record.

Faust spends some 80 µs of event-loop work on every event and keeps books of gaps between acknowledged offsets, which
on compacted and transactional topics never close. A bundle is acknowledged as a whole, in order, so neither matters.
One bundle holds all partitions of its topic: a transaction costs much the same for one record as for fifty.
What is overridden and read is private to Faust: the version is pinned, and the chaos test guards it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from faust.exceptions import NotReady
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ack_lock

GATHER, PAUSE = 0.1, 0.05
"""Seconds from one bundle to the next, at least, and from one look at what has come to the next, at most.

A transaction for each record would take a core at a hundred records a second.
"""

POLLS = 4
"""Of so many polls at most a bundle is made."""

LOOKS = (0.0, 0.01)
"""Seconds that each look waits for records.

aiokafka fetches one answer ahead, and the broker answers with the first record that comes. So the first look finds that
record and lets the next answer in, which holds all others; the second one finds those.
"""


class Bundle:
    """The records of one topic and poll, shaped like one record of their last partition with the list as its value."""

    checksum = None
    headers = ()
    key = None
    serialized_key_size = serialized_value_size = 0

    def __init__(self, records: list[Any]) -> None:
        last = records[-1]
        self.value = records
        self.topic, self.partition, self.offset = last.topic, last.partition, last.offset
        self.timestamp, self.timestamp_type = last.timestamp, last.timestamp_type


def bundles(records: Mapping[Any, list[Any]], read: Mapping[Any, int | None]) -> dict[Any, list[Bundle]]:
    """The records of a poll by partition as one bundle a topic; ``read`` is how far each partition was read before.

    A record from before that is a leftover of a fetch that a rebalance overtook. Faust would drop such an event, and
    with it the records of other partitions that share its bundle: they are left out here.
    """
    by_topic: dict[str, list[Any]] = {}
    of_topic: dict[str, Any] = {}
    for tp in sorted(records):
        fresh = [record for record in records[tp] if record.offset >= (read.get(tp) or 0)]
        if fresh:
            by_topic.setdefault(tp.topic, []).extend(fresh)
            of_topic[tp.topic] = tp
    return {of_topic[topic]: [Bundle(found)] for topic, found in by_topic.items()}


def merged(records: Mapping[Any, list[Any]], more: Mapping[Any, list[Any]]) -> dict[Any, list[Any]]:
    """The records of two polls by partition."""
    return {tp: [*records.get(tp, ()), *more.get(tp, ())] for tp in {*records, *more}}


def ends(records: list[Any]) -> dict[tuple[str, int], int]:
    """The last offset of each partition among records."""
    last: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        last[place] = max(record.offset, last.get(place, record.offset))
    return last


class BundleConsumer(driver.Consumer):  # type: ignore[misc]  # Faust has no types
    """A Faust consumer that hands out bundles and commits the highest acknowledged offset of each partition."""

    _handed = 0.0
    """When records were last handed out, by the loop's clock."""

    _stops = 0
    """How often the flow was stopped: a rebalance begins with that."""

    def stop_flow(self) -> None:
        """Count, too: what was gathered before a rebalance must not go out after it."""
        self._stops += 1
        super().stop_flow()

    async def _wait_next_records(self, timeout: float) -> Any:
        """The next bundles. At rest a record goes on at once; under load what comes meanwhile goes on together.

        A rebalance seeks each partition to what is committed. Records from before it would leave a gap behind them, or
        come twice in one bundle, or take those of other partitions with them when Faust drops them: they are let go.
        """
        stops = self._stops
        gathered, active = await super()._wait_next_records(timeout)
        while gathered and self._stops == stops and not self.should_stop and (pause := self._pause()):
            await self.sleep(pause)
            if self._stops != stops:
                return {}, active
            for wait in LOOKS:
                if sum(map(len, gathered.values())) > (POLLS - 1) * self.app.conf.broker_max_poll_records:
                    break
                more, active = await super()._wait_next_records(wait)
                gathered = merged(gathered, more or {}) if self._stops == stops else more
                if not more or self._stops != stops:
                    break
        if gathered:
            self._handed = asyncio.get_running_loop().time()
        return bundles(gathered or {}, self._read_offset), active

    def _pause(self) -> float:
        """Seconds until it looks again at what has come; none when no bundle is in hand or was given a moment ago."""
        left = self._handed + GATHER - asyncio.get_running_loop().time()
        if left > 0:
            return min(left, PAUSE)
        return PAUSE if any(not message.acked for message in self._unacked_messages) else 0.0

    def on_buffer_full(self, tp: Any) -> None:
        """Do nothing: a full queue holds up the reading of all partitions.

        Faust would switch off the one that bears the bundle, one after the other, and then sleep for a second.
        """

    async def perform_seek(self) -> None:
        """Seek to what is committed, and to the beginning where nothing is: aiokafka leaves that position as it is."""
        await super().perform_seek()
        for tp in self.assignment():
            if not self._committed_offset[tp]:
                await self.seek(tp, 0)

    def done(self, message: Any) -> None:
        """Acknowledge the other partitions of a bundle. That which it bears is Faust's, when the agent asks on.

        Not an override of ``ack``: Faust's compiled streams do its work in place and never call it.
        """
        with ack_lock:
            for place, offset in ends(message.value).items():
                tp = TP(*place)
                if tp != message.tp and offset >= (self._committed_offset[tp] or 0):
                    self._acked[tp].append(offset)

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
        """What to commit. It is kept until it is committed: a broker that refuses once is asked again."""
        with ack_lock:
            acked = self._acked[tp]
            if not acked:
                return None
            top: int = max(acked)
            acked[:] = [top]
            self._acked_index[tp].clear()
            return top + 1

    async def _commit_offsets(self, offsets: Mapping[Any, int], start_new_transaction: bool = True) -> bool:
        """Commit, and believe it only when the broker has said so.

        Faust notes offsets as committed also when the group had moved on and the broker refused. What is then delivered
        again lies below them, is never acknowledged, and a lag stays that nobody can explain.
        """
        mine = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        done = bool(mine) and await self._commit(mine)
        if done:
            self._committed_offset.update(mine)
        return done
