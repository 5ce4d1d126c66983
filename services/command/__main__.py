"""The door of the ``cryowatch`` command."""

import click

from services.command.acls import acls
from services.command.analyze import analyze
from services.command.events import events
from services.command.grading import grading
from services.command.migrate import migrate
from services.command.rates import rates
from services.command.read import read
from services.command.refold import refold
from services.command.rotate_routing_key import rotate_routing_key
from services.command.shadow import shadow
from services.command.topics import topics


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cryowatch", prog_name="cryowatch")
def main() -> None:
    """Complication rates of cryoablation, live from the hospital's own messages."""


for verb in (acls, analyze, events, grading, migrate, rates, read, refold, rotate_routing_key, shadow, topics):
    main.add_command(verb)

if __name__ == "__main__":
    main()
