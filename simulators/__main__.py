"""``python -m simulators``: play a cohort to Kafka, through the intake or into a folder."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click
from kafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from simulators.play import build_run, play_through_intake, play_to_kafka, write_folder
from simulators.run import COHORTS
from simulators.sites import sites_toml


class Speed(click.ParamType):
    """``max``, or how many times faster than real time."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """The factor; None for flat out."""
        if value is None or value == "max":
            return None
        try:
            factor = float(str(value))
        except ValueError:
            factor = 0.0
        if factor <= 0:
            self.fail("write max or a factor above 0, such as 3600", param, ctx)
        return factor


class _Display:
    """A progress bar on a terminal, now and then a line elsewhere."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._bar: Progress | None = None
        self._line = max(1, total // 10)
        self._next = self._line
        if console.is_terminal:
            day = TextColumn("{task.description}")
            self._bar = Progress(day, BarColumn(), MofNCompleteColumn(), TextColumn("messages"), console=console)
            self._task = self._bar.add_task("hospital", total=total)
            self._bar.start()

    def __call__(self, sent: int, total: int, instant: datetime) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=sent, description=f"{instant:%Y-%m-%d}")
        elif sent >= self._next or sent == total:
            self._next = sent + self._line
            print(f"{instant:%Y-%m-%d} {sent}/{total} messages", file=sys.stderr)

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()


@click.group()
def main() -> None:
    """The simulated hospital."""


@main.command()
@click.option("--seed", type=int, default=1, show_default=True, help="wording, ordering and faults")
@click.option("--cohort", type=click.Choice(COHORTS), default="paper", show_default=True)
@click.option("--faults", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="0 none, 1 many")
@click.option("--speed", type=Speed(), default="max", show_default=True, help="max, or times real time")
@click.option("--kafka", metavar="HOST:PORT", help="brokers to play to")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="folder to write instead")
@click.option("--clock-file", type=click.Path(path_type=Path, dir_okay=False), help="file for the simulated clock")
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="file for what really happened")
@click.option("--via-intake", metavar="MLLPHOST:PORT,FHIRURL", help="HL7 v2 by MLLP and FHIR by HTTP")
def play(
    seed: int,
    cohort: str,
    faults: float,
    speed: float | None,
    kafka: str | None,
    folder: Path | None,
    clock_file: Path | None,
    truth: Path | None,
    via_intake: str | None,
) -> None:
    """Play a cohort."""
    if kafka is None and via_intake is not None:
        raise click.UsageError("--via-intake needs --kafka: console frames go there")
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} isn't empty: two cohorts in one folder would be read as one")
    if (kafka is None) == (folder is None):
        raise click.UsageError("say where to: either --kafka HOST:PORT or --folder DIR")
    run = build_run(seed, cohort, faults)
    if truth is not None:
        truth.write_text(json.dumps(run.truth, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if folder is not None:
        write_folder(run, folder)
        print(f"{len(run.messages)} messages written; the clock ends at {run.horizon:%Y-%m-%dT%H:%M:%SZ}")
        return
    display = _Display(len(run.messages))
    try:
        if via_intake is None:
            play_to_kafka(run, str(kafka), clock_file, speed, display)
            return
        mllp, comma, fhir_url = via_intake.partition(",")
        if not comma or not mllp.rpartition(":")[2].isdigit():
            raise click.UsageError("write --via-intake as MLLPHOST:PORT,FHIRURL")
        refused = play_through_intake(run, str(kafka), mllp, fhir_url, clock_file, speed, display)
    except (KafkaError, OSError) as problem:
        raise click.ClickException(f"nobody takes the messages ({type(problem).__name__}): is {kafka} up?") from None
    finally:
        display.stop()
    print(f"{refused} messages were refused by the intake", file=sys.stderr)


@main.command()
def sites() -> None:
    """Print the receiver's sites file (CRYOWATCH_SITES_FILE) for the simulated hospitals."""
    print(sites_toml(), end="")


if __name__ == "__main__":
    main(prog_name="simulators")
