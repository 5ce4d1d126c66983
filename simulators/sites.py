"""The receiver's configuration for the simulated hospitals: sites and senders (TOML)."""

from simulators.registry import SITE_OF_COHORT
from simulators.senders import Senders

_CHARSETS = {"latin-1": "ISO-8859-1", "utf-8": "UTF-8", "ascii": "UTF-8"}


def sites_toml() -> str:
    """A sites file that knows every simulated site and sender."""
    lines = []
    for site in SITE_OF_COHORT.values():
        senders = Senders(site)
        lines += [f"[sites.{site.code}]", f'time_zone = "{site.zone.key}"', 'language = "en"', ""]
        for sender in senders.hl7v2:
            charset = _CHARSETS[sender.charset]
            lines += [f'[senders."{sender.name}"]', f'site = "{site.code}"', f'charset = "{charset}"', ""]
        for name in (senders.ehr, *site.consoles):
            lines += [f'[senders."{name}"]', f'site = "{site.code}"', ""]
    return "\n".join(lines)
