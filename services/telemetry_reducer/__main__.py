"""``python -m services.telemetry_reducer``."""

from services.runtime.start import start
from services.telemetry_reducer.app import run

if __name__ == "__main__":
    start(run)
