"""``python -m services.telemetry_reducer``."""

from services.runtime.settings import load_settings
from services.telemetry_reducer.app import run

if __name__ == "__main__":
    run(load_settings())
