"""``python -m services.complication_metrics``."""

from services.complication_metrics.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
