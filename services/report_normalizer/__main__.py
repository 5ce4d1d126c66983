"""``python -m services.report_normalizer``."""

from services.report_normalizer.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
