"""``python -m services.procedure_joiner``."""

from services.procedure_joiner.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
