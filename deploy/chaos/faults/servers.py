"""The broker and the database stop in order or are killed. Their proxies refuse connections meanwhile."""

from deploy.chaos.ground import Ground


def stop_broker(ground: Ground, _: str) -> None:
    """A clean stop."""
    ground.broker_weather.shut()
    ground.broker.stop()


def kill_broker(ground: Ground, _: str) -> None:
    """Kill -9."""
    ground.broker_weather.shut()
    ground.broker.kill()


def start_broker(ground: Ground, _: str) -> None:
    """Start on the same data and port."""
    ground.broker.start()
    ground.broker_weather.open()


def stop_database(ground: Ground, _: str) -> None:
    """A fast shutdown: transactions are rolled back."""
    ground.database_weather.shut()
    ground.database.stop()


def kill_database(ground: Ground, _: str) -> None:
    """Kill -9 of the server; what was committed comes back from its log."""
    ground.database_weather.shut()
    ground.database.kill()


def start_database(ground: Ground, _: str) -> None:
    """Start on the same data and port."""
    ground.database.start()
    ground.database_weather.open()
