"""PostgreSQL: the engine, the tables' shared metadata, and what counts as its being unavailable."""

from sqlalchemy import Engine, MetaData, create_engine, make_url
from sqlalchemy import exc as sx

from services.runtime.settings import Settings

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

IDLE_IN_TRANSACTION_MS = 180_000
"""Above the producer's request time-out: a paused worker loses its row locks, a slow one doesn't."""


def make_engine(settings: Settings, *, pool: int = 4, by_index: bool = False) -> Engine:
    """An engine with a small pool that checks its connections before use.

    ``by_index`` is for those that look up a few rows for each message or request. PostgreSQL keeps the plan that it
    made while a table was nearly empty, and would read the whole table by it when the table has grown.
    """
    options = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} -c timezone=UTC -c jit=off"
    if by_index:
        options += " -c enable_seqscan=off"
    url = make_url(settings.database_url)
    password = settings.database_password()
    if password is not None:
        url = url.set(password=password.get_secret_value())
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=2,
        pool_pre_ping=True,
        pool_timeout=30,
        hide_parameters=True,  # an error's text must not quote a patient
        connect_args={
            "connect_timeout": 5,
            "application_name": "cryowatch",
            # Compiling a plan takes longer than any statement of ours, and PostgreSQL is misled by rows inside JSON.
            "options": options,
        },
    )


def unavailable(problem: BaseException) -> bool:
    """Whether the database can't be reached or asks to try again; a deadlock or a serialization failure included."""
    if contended(problem):
        return True
    if isinstance(problem, sx.OperationalError | sx.InterfaceError | sx.TimeoutError | OSError):
        return True
    return isinstance(problem, sx.DBAPIError) and problem.connection_invalidated


def contended(problem: BaseException) -> bool:
    """Whether two transactions stood in each other's way: tried again at once, and no outage.

    A unique violation is one too: where it can happen at all, another worker has just written the same row.
    """
    return _state(problem) in ("40001", "40P01") or written_twice(problem)


def written_twice(problem: BaseException) -> bool:
    """Whether a row was there already (a unique violation)."""
    return _state(problem) == "23505"


def _state(problem: BaseException) -> str | None:
    """The SQLSTATE of a problem that PostgreSQL has reported."""
    return getattr(problem.orig, "sqlstate", None) if isinstance(problem, sx.DBAPIError) else None


def rejected(problem: BaseException) -> bool:
    """Whether the database refuses the data itself (a NUL in a text, a number out of range)."""
    return isinstance(problem, sx.DataError) or (
        isinstance(problem, sx.StatementError) and isinstance(problem.orig, ValueError | UnicodeError)
    )
