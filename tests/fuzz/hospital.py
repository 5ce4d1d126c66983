"""The hospital that the fuzzer disturbs: another simulated one (site OSL), its sites file, what its messages say."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from services.clinical.facts import Fact
from services.report_normalizer.handler import handle as normalize
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.sites import Sites, load_sites
from services.telemetry_reducer.handler import KeyedFrame
from services.telemetry_reducer.handler import handle as reduce_frame
from simulators.message import TELEMETRY
from simulators.play import Run, build_run
from simulators.sites import sites_toml
from tests.fuzz.promises import Pipeline
from tests.fuzz.seeds import Seed, examples, of_messages

FAULTS = 0.3


@cache
def disturbed(seed: int = 1) -> Run:
    """The run whose messages are mutated."""
    return build_run(seed=seed, cohort="random", faults=FAULTS)


@cache
def all_seeds() -> list[Seed]:
    """Examples and simulated messages; the examples thrice, since each is a case of its own."""
    return [*examples() * 3, *of_messages(disturbed().messages)]


def sites() -> Sites:
    """Both simulated hospitals and all their senders."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sites.toml"
        path.write_text(sites_toml(), "utf-8")
        return load_sites(path)


def pipeline() -> Pipeline:
    """The services' pure parts over that hospital's own facts and frames."""
    known, facts, frames = sites(), list[Fact](), list[KeyedFrame]()
    for number, m in enumerate(disturbed().messages):
        inbound = InboundMessage(m.topic, 0, number, m.value, m.key, dict(m.headers))
        if m.topic == TELEMETRY:
            read = reduce_frame(inbound, known)
            frames += read.results if isinstance(read, Done) else ()
        else:
            said = normalize(inbound, known)
            facts += said.results if isinstance(said, Done) else ()
    return Pipeline(known, facts, frames, disturbed().horizon)
