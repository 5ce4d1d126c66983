"""``python -m services.window_timer``."""

from services.runtime.settings import load_settings
from services.window_timer.app import run

if __name__ == "__main__":
    run(load_settings())
