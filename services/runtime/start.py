"""How every service begins: with the settings of its process, or with words about those that are wrong."""

import sys
from collections.abc import Callable

from services.runtime.settings import EX_CONFIG, Settings, WrongSetting, load_settings


def start(run: Callable[[Settings], None]) -> None:
    """Run a service. A wrong setting ends the process with EX_CONFIG, whenever it is found."""
    try:
        run(load_settings())
    except WrongSetting as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(EX_CONFIG) from None
