"""The door of the ``cryowatch`` command."""

from typing import Any

import click

from services.command.acls import acls
from services.command.adjudicate import adjudicate
from services.command.analyze import analyze
from services.command.audit import audit
from services.command.dead_letters import dead_letters
from services.command.erase import erase
from services.command.events import events
from services.command.grading import grading
from services.command.migrate import migrate
from services.command.rates import rates
from services.command.read import read
from services.command.rebuild import rebuild
from services.command.refold import refold
from services.command.reviews import reviews
from services.command.rotate_routing_key import rotate_routing_key
from services.command.shadow import shadow
from services.command.topics import topics
from services.runtime.settings import EX_CONFIG, WrongSetting


class _Verbs(click.Group):
    """The verbs; a wrong setting ends each of them in words."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongSetting as wrong:
            click.echo(wrong, err=True)
            ctx.exit(EX_CONFIG)


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="cryowatch", prog_name="cryowatch")
def main() -> None:
    """Complication rates of cryoablation, live from the hospital's own messages."""


VERBS = (
    acls, adjudicate, analyze, audit, dead_letters, erase, events, grading, migrate, rates, read, rebuild, refold,
    reviews, rotate_routing_key, shadow, topics,
)  # fmt: skip

for verb in VERBS:
    main.add_command(verb)

if __name__ == "__main__":
    main()
