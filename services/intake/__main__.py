"""``python -m services.intake``."""

from services.intake.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
