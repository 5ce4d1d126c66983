"""``python -m services.procedure_joiner``."""

from services.procedure_joiner.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
