"""confluent-kafka (librdkafka): consume a batch, one transaction, produce and flush, commit the offsets."""

from confluent_kafka import Consumer, Producer

from bench.contest.progress import Task, say
from bench.contest.work import work_of

if __name__ == "__main__":
    task = Task.given()
    work = work_of(task.kind, task.database) if task.kind != "noop" else None
    consumer = Consumer(
        {
            "bootstrap.servers": task.kafka,
            "group.id": task.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
        }
    )
    producer = Producer({"bootstrap.servers": task.kafka, "acks": "all", "linger.ms": 5})
    consumer.subscribe([task.topic])
    done = 0
    while True:
        records = consumer.consume(task.batch, timeout=0.2)
        for r in records:
            if r.error():
                raise SystemExit(str(r.error()))
        if not records:
            continue
        if not done:
            say(0)
        if work:
            for out in work((r.topic(), r.partition(), r.offset(), r.value()) for r in records):
                producer.produce(out.topic, out.value, out.key)
            producer.flush()
            consumer.commit(asynchronous=False)
        done += len(records)
        say(done)
