"""``python -m services.window_timer``."""

from services.window_timer.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
