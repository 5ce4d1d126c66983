"""``cryowatch adjudicate``: the safety lead decides about an adverse event."""

import click

from services.casework.decision import CAUSALITIES, VERDICTS, Decision
from services.casework.decision import adjudicate as decide
from services.command.operator import QUEUED, agent, casework, operator_option
from services.runtime.settings import load_settings


@click.command()
@click.argument("event")
@click.option("--verdict", type=click.Choice(VERDICTS), required=True)
@click.option("--why", required=True, help="The reason, kept with the event.")
@click.option("--grade", type=click.IntRange(1, 5), help="With regrade: the SIR grade.")
@click.option("--causality", type=click.Choice(CAUSALITIES), help="With causality: whether the procedure caused it.")
@operator_option
def adjudicate(event: str, verdict: str, why: str, grade: int | None, causality: str | None, operator: str) -> None:
    """Decide about the adverse event with the id EVENT. A decision outlives what the machine reads later."""
    with casework() as work:
        decision = Decision(event, verdict, why, grade, causality)
        decide(work, agent(operator), decision, load_settings().patient_system_template)
    click.echo(f"{event}: {verdict} is queued. {QUEUED}")
