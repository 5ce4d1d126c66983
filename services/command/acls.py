"""``cryowatch acls``: what each service may do in Kafka, and granting it."""

import click

from services.contracts.registry import topics as declared
from services.runtime.acls import TEMPLATE, command_of, grants
from services.runtime.acls import apply as grant_all
from services.runtime.kafka_access import KafkaAccess
from services.runtime.outcomes import Unavailable
from services.runtime.settings import load_settings
from services.runtime.topics import unreached


@click.command()
@click.option("--apply", is_flag=True, help="Grant what is missing; needs a user who may alter the cluster.")
@click.option("--commands", is_flag=True, help="Print commands for kafka-acls.sh instead.")
@click.option(
    "--principal", default=TEMPLATE, show_default=True, help="How users are named, such as 'User:CN={service}'."
)
def acls(apply: bool, commands: bool, principal: str) -> None:
    """The least rights in Kafka that the services need, from schemas/topics."""
    wanted = grants(declared(), principal)
    if not apply:
        for grant in wanted:
            line = f"{grant.principal:40} {grant.operation:9} {grant.resource.lower()} {grant.name}"
            click.echo(command_of(grant) if commands else line)
        return
    access = KafkaAccess(load_settings())
    try:
        missing, beyond = grant_all(access, wanted)
    except Unavailable:
        raise click.ClickException(unreached(access)) from None
    except PermissionError:
        raise click.ClickException("Kafka doesn't let this user grant rights: use an administrator's") from None
    except LookupError:
        raise click.ClickException("the broker has no authorizer: set authorizer.class.name") from None
    click.echo(
        f"Granted {len(missing)} of {len(wanted)} rights." if missing else f"All {len(wanted)} rights are there."
    )
    for grant in beyond:
        click.echo(f"Not needed: {grant.principal} {grant.operation} {grant.resource.lower()} {grant.name}", err=True)
