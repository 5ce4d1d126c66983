"""``python -m services.complication_metrics``."""

from services.complication_metrics.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
