"""Who sits at the command line: the name that acts are recorded under, and what carries them out."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from services.audit.act import Agent
from services.audit.restraint import Restraint
from services.audit.trail import Trail
from services.casework.audited_act import Casework
from services.casework.problem import Problem
from services.command.connection import reachable
from services.runtime.settings import load_settings

QUEUED = "It leaves for Kafka when the desk service runs."


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def operator_option(command: Any) -> Any:
    """The option ``--operator``: who acts, the user of this machine unless said otherwise."""
    words = "Who acts, for the audit trail. Default: the user of this machine."
    return click.option("--operator", default=_user, show_default=False, help=words)(command)


def agent(operator: str) -> Agent:
    """The operator at this machine."""
    name = "".join(c for c in operator if c.isprintable()).strip()[:200]
    if not name:
        raise click.UsageError("Name who acts: --operator NAME.")
    return Agent("cryowatch command", socket.gethostname(), name, machine=True)


@contextmanager
def casework() -> Iterator[Casework]:
    """The acts on the database of CRYOWATCH_DATABASE_URL; what can't be done is said in words, exit code 1."""
    with reachable(load_settings()) as engine:
        try:
            yield Casework(engine, Trail("command"), Restraint())
        except Problem as problem:
            raise click.ClickException(problem.words) from None
