"""A Faust agent as its documentation writes it, that does nothing with a message: the floor under all of Faust."""

import sys
import tempfile

import faust

from bench.contest.progress import Task, say

task = Task.given()
app = faust.App(
    task.group,
    broker=f"kafka://{task.kafka}",
    store="memory://",
    datadir=tempfile.mkdtemp(),
    topic_allow_declare=False,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
)


@app.agent(app.topic(task.topic, key_serializer="raw", value_serializer="raw"))
async def nothing(stream: faust.Stream) -> None:
    done = 0
    async for _ in stream.events():
        if not done:
            say(0)
        done += 1
        if task.worth_saying(done):
            say(done)


if __name__ == "__main__":
    sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
    app.main()
