"""The environment of the benchmark's own in which peers are installed: ``build/peers``, from ``bench/peers.txt``."""

import hashlib
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS, PINS = ROOT / "build" / "peers", ROOT / "bench" / "peers.txt"
_INSTALL_SECONDS = 600


def peers_python() -> Path | None:
    """Its Python, made on the first call; None, with the reason on standard error, when pip can't install the peers.

    What it lacks (SQLAlchemy, CryoWatch itself) it takes from this environment, so that all run the same versions.
    """
    python, stamp = PEERS / "bin" / "python", PEERS / "installed"
    wanted = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        return python
    for words in (
        [sys.executable, "-m", "venv", "--clear", str(PEERS)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(PINS)],
    ):
        try:
            subprocess.run(words, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
        except (subprocess.SubprocessError, OSError) as problem:
            said = (getattr(problem, "stderr", "") or str(problem)).strip().splitlines()
            sys.stderr.write(f"Peers are left out: {said[-1] if said else type(problem).__name__}\n")
            return None
    (found,) = PEERS.glob("lib/python*/site-packages")
    (found / "cryowatch_environment.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    stamp.write_text(wanted, "ascii")
    return python
