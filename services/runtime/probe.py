"""``python -m services.runtime.probe``: exit 0 when the service on CRYOWATCH_OPS_PORT is ready, for containers."""

import os
import sys
import urllib.request


def main() -> int:
    """Ask /readyz on this machine."""
    port = int(os.environ.get("CRYOWATCH_OPS_PORT", "9464"))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
