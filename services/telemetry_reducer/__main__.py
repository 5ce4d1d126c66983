"""``python -m services.telemetry_reducer``."""

from services.telemetry_reducer.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
