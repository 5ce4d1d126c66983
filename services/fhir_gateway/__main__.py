"""``python -m services.fhir_gateway``."""

from services.fhir_gateway.app import run
from services.runtime.start import start

if __name__ == "__main__":
    start(run)
