"""``python -m services.window_timer``."""

from services.runtime.start import start
from services.window_timer.app import run

if __name__ == "__main__":
    start(run)
