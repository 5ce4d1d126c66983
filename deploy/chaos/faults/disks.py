"""The disk of a server is full. PostgreSQL refuses rows, or stops when its log can't grow; Kafka stops."""

import time

from deploy.chaos.ground import Ground

_GRACE = 5.0


def fill_broker(ground: Ground, _: str) -> None:
    """No room for another record."""
    ground.broker_disk.fill()


def free_broker(ground: Ground, _: str) -> None:
    """Room again; a broker that has met the full disk gives up its only folder and ends, and is started anew."""
    deadline = time.monotonic() + _GRACE
    while ground.broker_disk.met and ground.broker.running and time.monotonic() < deadline:
        time.sleep(0.1)
    ground.disks_met += ground.broker_disk.met
    ground.broker_disk.free()
    if ground.broker_disk.met:
        ground.broker.kill()
        ground.broker.start()


def fill_database(ground: Ground, _: str) -> None:
    """No room for another row."""
    ground.database_disk.fill()


def free_database(ground: Ground, _: str) -> None:
    """Room again; a server that has stopped, because not even its log could grow, is started anew."""
    ground.disks_met += ground.database_disk.met
    ground.database_disk.free()
    if not ground.database.running:
        ground.database.kill()
        ground.database.start()
