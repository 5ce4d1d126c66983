"""The tables of facts and of what is published from them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.database import metadata

kin = Table(
    "kin",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("next_due", DateTime(timezone=True), index=True, comment="when time alone changes what is published"),
    Column(
        "rules", Text, nullable=False, server_default="", index=True, comment="stamp of the rules it was published by"
    ),
    comment="kin groups: the unit of locking, folding and revision; they only grow",
)

kin_names = Table(
    "kin_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kin", BigInteger, ForeignKey("kin.id"), nullable=False, index=True),
    comment="every patient, procedure and report that a fact names, and its kin group",
)

facts = Table(
    "facts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Text, primary_key=True, comment="empty where only the fullest version is kept"),
    Column("kind", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("kin", BigInteger, ForeignKey("kin.id"), nullable=False, index=True),
    Column("body", JSONB, nullable=False),
    Column("recorded_at", DateTime(timezone=True), server_default=func.now(), nullable=False, index=True),
    comment="fact versions, never changed",
)

procedure_records = Table(
    "procedure_records",
    metadata,
    Column("procedure", Text, primary_key=True),
    Column("kin", BigInteger, ForeignKey("kin.id"), nullable=False, index=True),
    Column("site", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("follow_up", Text, nullable=False),
    Column("closes_at", DateTime(timezone=True)),
    Column("revision", BigInteger, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("published_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)
Index("ix_procedure_records_review", procedure_records.c.procedure, postgresql_where=text("body ? 'review'"))

adverse_events = Table(
    "adverse_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kin", BigInteger, ForeignKey("kin.id"), nullable=False, index=True),
    Column("procedure", Text, nullable=False, index=True),
    Column("patient", Text, nullable=False, index=True),
    Column("site", Text, nullable=False),
    Column("code", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("timing", Text, nullable=False),
    Column("onset", DateTime(timezone=True), index=True),
    Column("recorded", DateTime(timezone=True)),
    Column("revision", BigInteger, nullable=False),
    Column(
        "edition", BigInteger, nullable=False, comment="the revision at which anything but the revision changed last"
    ),
    Column("body", JSONB, nullable=False),
    Column("published_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)
Index("ix_adverse_events_published_at", adverse_events.c.published_at, adverse_events.c.id)
Index("ix_adverse_events_patient_id", adverse_events.c.body["patient_id"].astext)
Index("ix_adverse_events_accession", adverse_events.c.body["accession"].astext)
Index("ix_adverse_events_review", adverse_events.c.id, postgresql_where=text("body ? 'review'"))

adverse_event_versions = Table(
    "adverse_event_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("body", JSONB, nullable=False),
    Column("published_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)

contributions = Table(
    "contributions",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("counts", JSONB, nullable=False, comment="count by measure, by stratum"),
    # md5 is refused by a server in FIPS mode, and jsonb's own hash is the same for values that have changed places
    Column(
        "shape",
        BigInteger,
        Computed("hashtextextended(counts::text, 1)", persisted=True),
        comment="the same where the counts are",
    ),
    Column("kin", BigInteger, ForeignKey("kin.id"), nullable=False, index=True),
    comment="what each procedure and patient adds to the rates; replaced, never incremented",
)
Index("ix_contributions_day", contributions.c.site, contributions.c.day)

dirty_days = Table(
    "dirty_days",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("mark", BigInteger, Identity(), nullable=False, index=True, comment="another each time that it is set"),
    Column(
        "summed",
        Boolean,
        server_default=false(),
        nullable=False,
        comment="the day is summed since then, its month is not",
    ),
    comment="days that must be summed again, or their months",
)

day_totals = Table(
    "day_totals",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("counts", JSONB, nullable=False, comment="count by measure, by stratum"),
    comment="contributions summed by day",
    postgresql_with={"fillfactor": 70},  # so that a row which is written again stays on its page
)

Index("ix_day_totals_day", day_totals.c.day)

month_totals = Table(
    "month_totals",
    metadata,
    Column("site", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="its first day"),
    Column("counts", JSONB, nullable=False, comment="count by measure, by stratum"),
    comment="day totals summed by month",
)

telemetry_frames = Table(
    "telemetry_frames",
    metadata,
    Column("site", Text, primary_key=True),
    Column("accession", Text, primary_key=True),
    Column("console", Text, primary_key=True),
    Column("frame", Integer, primary_key=True),
    Column("content", Text, primary_key=True, comment="digest of the frame: two of one number are told apart"),
    Column("digest", JSONB, nullable=False),
)

expiry_progress = Table(
    "expiry_progress",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="always 1"),
    Column("reached", DateTime(timezone=True), nullable=False, comment="facts recorded until then were looked at"),
    comment="how far the expiry of facts without a procedure has come",
)
