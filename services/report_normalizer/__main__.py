"""``python -m services.report_normalizer``."""

from services.report_normalizer.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
