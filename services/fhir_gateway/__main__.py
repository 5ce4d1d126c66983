"""``python -m services.fhir_gateway``."""

from services.fhir_gateway.app import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    run(load_settings())
