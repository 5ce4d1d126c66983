"""``python -m services.desk``."""

from services.desk.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
