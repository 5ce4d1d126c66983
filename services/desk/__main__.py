"""``python -m services.desk``."""

from services.desk.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
