"""FastStream (aiokafka): a batch subscriber, one transaction, publish, acknowledge."""

import asyncio
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from bench.contest.progress import Task, say
from bench.contest.work import work_of

task = Task.given()
work = work_of(task.kind, task.database)
broker = KafkaBroker(task.kafka, acks="all", logger=None)
app = FastStream(broker, logger=None)
done = 0


@broker.subscriber(
    task.topic,
    batch=True,
    max_records=task.batch,
    group_id=task.group,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.MANUAL,
)
async def on_batch(_: list[bytes], message: KafkaMessage) -> None:
    global done
    records: Any = message.raw_message
    if not done:
        say(0)
    rows = [(r.topic, r.partition, r.offset, r.value) for r in records]
    outgoing = await asyncio.to_thread(work, rows)
    sent = [await broker.publish(o.value, topic=o.topic, key=(o.key or "").encode(), no_confirm=True) for o in outgoing]
    await asyncio.gather(*sent)
    await message.ack()
    done += len(rows)
    say(done)


if __name__ == "__main__":
    asyncio.run(app.run())
