"""What the gateway answers: one method per FHIR interaction, without HTTP's mechanics. Refusals are exceptions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from services.fhir_gateway import bundle
from services.fhir_gateway.adverse_event import resource
from services.fhir_gateway.capability import Secured, capability
from services.fhir_gateway.conditional import etag, last_modified, unchanged
from services.fhir_gateway.cursor import read_cursor
from services.fhir_gateway.definitions import TYPES, definitions
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.elements import Json
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.refusal import bad, not_found
from services.fhir_gateway.release import Release
from services.fhir_gateway.repository import Found, Repository
from services.fhir_gateway.search import parse_count, parse_search, parse_shape
from services.fhir_gateway.search_values import date_range
from services.fhir_gateway.summary import shaped
from services.runtime.access import READ_EVIDENCE, Caller

TYPE = "AdverseEvent"
NOBODY = Caller("", frozenset())
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REVISION = re.compile(r"\d{1,18}")
_RENDERED = 2048
"""Resources kept in memory: rendering one takes 2 ms, and pages are asked for again and again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its release, the release's address, the query in order, the headers, and who asks."""

    release: Release
    base: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    caller: Caller = NOBODY

    @property
    def evidence(self) -> bool:
        """Whether the caller may read the sentences."""
        return self.caller.may(READ_EVIDENCE)

    @property
    def strict(self) -> bool:
        """Whether unknown search parameters shall be refused (``Prefer: handling=strict``)."""
        return "handling=strict" in self.headers.get("prefer", "").replace(" ", "").lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; without a body it is 304. ``found`` is what it tells of, for the audit trail; None: of no patient."""

    body: Json | None
    headers: dict[str, str] = field(default_factory=dict)
    found: tuple[Found, ...] | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 304 if self.body is None else 200


class Gateway:
    """Answers from a repository. ``secured``: what readers have to show, for the CapabilityStatement."""

    def __init__(
        self,
        repository: Repository,
        hospital: Hospital,
        *,
        secured: Secured,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._repository = repository
        self._hospital = hospital
        self._secured = secured
        self._now = now
        self._render = lru_cache(_RENDERED)(self._rendered)

    def metadata(self, asked: Asked) -> Answer:
        """The CapabilityStatement."""
        return Answer(capability(asked.release, asked.base, secured=self._secured))

    def read(self, asked: Asked, name: str) -> Answer:
        """The newest version of an event; 304 where the client has it."""
        found = self._repository.read(_checked(name), evidence=asked.evidence)
        if found is None:
            raise _unknown_event()
        return self._one(asked, found, conditional=True)

    def vread(self, asked: Asked, name: str, version: str) -> Answer:
        """One version of an event."""
        _checked(name)
        number = int(version) if _REVISION.fullmatch(version) else None
        found = None if number is None else self._repository.version(name, number, evidence=asked.evidence)
        if found is None:
            raise not_found("This server has no such version of an event.")
        return self._one(asked, found, conditional=False)

    def history(self, asked: Asked, name: str) -> Answer:
        """The versions of an event, newest first."""
        given = dict(asked.query)
        if "_at" in given:
            raise bad("The parameter _at isn't offered: use _since.", "not-supported")
        since = date_range("_since", given["_since"], self._hospital.search_zone).start if "_since" in given else None
        cursor = read_cursor(given["_after"]) if "_after" in given else None
        if cursor and (cursor.sort != "_history" or not _REVISION.fullmatch(cursor.id)):
            raise bad("The parameter _after belongs to another request: start again without it.", "value")
        count = parse_count(given.get("_count"))
        before = int(cursor.id) if cursor else None
        page = self._repository.history(_checked(name), since, before, count, evidence=asked.evidence)
        if page is None:
            raise _unknown_event()
        used = [(key, value) for key, value in asked.query if key in ("_count", "_since", "_format")]
        resources = self._shaped(asked, page.found)
        address = f"{asked.base}/{TYPE}/{name}"
        complete = since is None and count > 0
        body = bundle.history(address, used, page.total, resources, page.after, self._now(), complete=complete)
        return Answer(body, found=page.found)

    def search(self, asked: Asked) -> Answer:
        """One page of a search."""
        search = parse_search(asked.query, asked.release, strict=asked.strict)
        page = self._repository.search(search, self._hospital, asked.release, evidence=asked.evidence)
        resources = [shaped(self._resource(asked, one), search.shape, asked.release) for one in page.found]
        address = f"{asked.base}/{TYPE}"
        body = bundle.searchset(address, search.used, page.total, resources, page.after, self._now())
        return Answer(body, found=page.found)

    def definition(self, asked: Asked, kind: str, name: str) -> Answer:
        """One of our own definitions."""
        found = definitions(asked.release).get(kind, {}).get(name)
        if found is None:
            raise not_found(f"This server has no such {kind}." if kind in TYPES else _unknown_type(asked))
        return Answer(found)

    def definition_search(self, asked: Asked, kind: str) -> Answer:
        """Our definitions of one type, by ``url`` where that is asked for."""
        if kind not in TYPES:
            raise not_found(_unknown_type(asked))
        used = [(key, value) for key, value in asked.query if key == "url"]
        wanted = {url for _, value in used for url in value.split(",")}
        found = [one for one in definitions(asked.release)[kind].values() if not wanted or one["url"] in wanted]
        address = f"{asked.base}/{kind}"
        return Answer(bundle.searchset(address, used, len(found), found, None, self._now()))

    def _one(self, asked: Asked, found: Found, *, conditional: bool) -> Answer:
        version, when = found.edition.version, found.edition.published_at
        headers = {"ETag": etag(version), "Last-Modified": last_modified(when)}
        asks = (asked.headers.get("if-none-match"), asked.headers.get("if-modified-since"))
        if conditional and unchanged(version, when, *asks):
            return Answer(None, headers, (found,))
        return Answer(self._shaped(asked, (found,))[0], headers, (found,))

    def _shaped(self, asked: Asked, found: tuple[Found, ...]) -> list[Json]:
        shape = parse_shape(dict(asked.query))
        return [shaped(self._resource(asked, one), shape, asked.release) for one in found]

    def _resource(self, asked: Asked, found: Found) -> Json:
        return self._render(found.edition, found.sentences, asked.release)

    def _rendered(self, edition: Edition, sentences: tuple[str | None, ...], release: Release) -> Json:
        return resource(edition, sentences, self._hospital, release)


def _checked(name: str) -> str:
    if not _ID.fullmatch(name):
        raise bad("An id has 1 to 64 letters, digits, hyphens or dots.", "value")
    return name


def _unknown_event() -> Exception:
    return not_found("This server has no such AdverseEvent.")


def _unknown_type(asked: Asked) -> str:
    return f"This server holds AdverseEvent. What else it has is listed at {asked.base}/metadata."
