"""The faults, one file a family. A fault is two functions of the ground and a target: strike and lift."""

from collections.abc import Callable

from deploy.chaos.faults import consoles, disks, networks, replicas, schemas, servers
from deploy.chaos.ground import Ground

Deed = Callable[[Ground, str], None]

DEEDS: dict[str, tuple[Deed, Deed]] = {
    "kill": (replicas.kill, replicas.start),
    "pause": (replicas.pause, replicas.resume),
    "zombie": (replicas.make_zombie, replicas.end_zombie),
    "restart": (replicas.end, replicas.start),
    "scale": (replicas.scale_out, replicas.scale_in),
    "broker_stop": (servers.stop_broker, servers.start_broker),
    "broker_kill": (servers.kill_broker, servers.start_broker),
    "database_stop": (servers.stop_database, servers.start_database),
    "database_kill": (servers.kill_database, servers.start_database),
    "broker_full": (disks.fill_broker, disks.free_broker),
    "database_full": (disks.fill_database, disks.free_database),
    "slow_network": (networks.slow, networks.clear),
    "stalled_broker": (networks.stall_broker, networks.clear),
    "stalled_database": (networks.stall_database, networks.clear),
    "cut_network": (networks.cut, networks.clear),
    "schema_missing": (schemas.rename_away, schemas.rename_back),
    "console_clock": (consoles.skew, consoles.set_right),
}
"""Strike and lift of every kind of the schedule."""
