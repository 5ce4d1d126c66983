"""Services die, freeze, come back as zombies, are restarted in order, and grow from one worker to three and back."""

import signal

from deploy.chaos.ground import Ground


def kill(ground: Ground, service: str) -> None:
    """Kill -9."""
    ground.kill(service)


def start(ground: Ground, service: str) -> None:
    """The supervisor's part."""
    ground.start(service)


def end(ground: Ground, service: str) -> None:
    """SIGTERM, as a deployment does."""
    ground.end(service)


def pause(ground: Ground, service: str) -> None:
    """SIGSTOP: the process holds its sockets, locks and work, and Kafka's session runs out."""
    ground.signal(service, signal.SIGSTOP)


def resume(ground: Ground, service: str) -> None:
    """It goes on where it stood, not knowing that time has passed."""
    ground.signal(service, signal.SIGCONT)


def make_zombie(ground: Ground, service: str) -> None:
    """A second worker comes, and the first is frozen past its session with its batch in hand: both do the same work."""
    ground.start(service, f"{service}-2")
    ground.signal(service, signal.SIGSTOP)


def end_zombie(ground: Ground, service: str) -> None:
    """The frozen worker wakes up beside its successor, which leaves afterwards."""
    ground.signal(service, signal.SIGCONT)
    ground.end(f"{service}-2")


def scale_out(ground: Ground, service: str) -> None:
    """One worker becomes three."""
    for number in (2, 3):
        ground.start(service, f"{service}-{number}")


def scale_in(ground: Ground, service: str) -> None:
    """Three become one: one leaves in order, one is killed."""
    ground.end(f"{service}-2")
    ground.kill(f"{service}-3")
