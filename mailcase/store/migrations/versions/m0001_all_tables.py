"""The first schema: all tables, the number series of the cases, and the indices for search."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT, TIME, FLAG, NUMBER, BYTES = sa.Text(), sa.DateTime(timezone=True), sa.Boolean(), sa.Integer(), sa.LargeBinary()
NEEDED: dict[str, Any] = {"nullable": False}
GIVEN: dict[str, Any] = {"autoincrement": False, "nullable": False}
GIVEN_OR_NULL: dict[str, Any] = {"autoincrement": False, "nullable": True}

LATER: dict[str, Any] = {"initially": "DEFERRED", "deferrable": True}

FIRST_CASE = 1001
ATTENTION = "(CASE WHEN kind IN ('new', 'open') THEN 0 WHEN kind = 'closed' THEN 2 ELSE 1 END)"

# SQLite: FTS5 without a copy of the text; the words and trigrams alone are stored. PostgreSQL: GIN.
SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_words USING fts5(words, content='', detail='none', columnsize=0, "
        'tokenize="unicode61 remove_diacritics 0")',
        "CREATE VIRTUAL TABLE search_heading USING fts5(text, content='', detail='none', columnsize=0, "
        "tokenize='trigram')",
    ),
    "postgresql": (
        "CREATE TABLE search_words (message bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
        "CREATE TABLE search_heading (number bigint PRIMARY KEY, grams text[] NOT NULL)",
        "CREATE INDEX ix_search_heading_grams ON search_heading USING gin (grams)",
    ),
}


def only(where: str) -> dict[str, Any]:
    """An index of the rows that `where` holds for."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    """Everything, in the order of the references."""
    _automatic_count()
    _cases()
    _contact()
    _counter()
    _imap_folder()
    _raw()
    _deadline()
    _event()
    _heading()
    _link()
    _outbox()
    _participant()
    _spool()
    _tag()
    _imap_uid()
    _message()
    _outbox_recipient()
    _sighting()
    op.execute(sa.text("INSERT INTO counter (name, value) VALUES ('case', :first)").bindparams(first=FIRST_CASE))
    for statement in SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Never: restore the backup instead."""
    raise RuntimeError("a schema does not go back: restore the backup from before the upgrade")


def _automatic_count() -> None:
    op.create_table(
        "automatic_count",
        sa.Column("domain", TEXT, **NEEDED),
        sa.Column("minute", ID, **GIVEN),
        sa.Column("shard", ID, **GIVEN),
        sa.Column("count", ID, **GIVEN),
        sa.PrimaryKeyConstraint("domain", "minute", "shard", name="pk_automatic_count"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("number", ID, **GIVEN),
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("subject", TEXT, **NEEDED),
        sa.Column("status", TEXT, **NEEDED),
        sa.Column("kind", TEXT, **NEEDED),
        sa.Column("resolution", TEXT, **NEEDED),
        sa.Column("priority", TEXT, **NEEDED),
        sa.Column("priority_rank", NUMBER, **NEEDED),
        sa.Column("assignee", TEXT, **NEEDED),
        sa.Column("requester_name", TEXT, **NEEDED),
        sa.Column("requester_address", TEXT, **NEEDED),
        sa.Column("requester_key", TEXT, **NEEDED),
        sa.Column("language", TEXT, **NEEDED),
        sa.Column("answered", FLAG, **NEEDED),
        sa.Column("until", TIME, nullable=True),
        sa.Column("follow_up_of", ID, **GIVEN_OR_NULL),
        sa.Column("merged_into", ID, **GIVEN_OR_NULL),
        sa.Column("attempts", ID, **GIVEN),
        sa.Column("version", ID, **GIVEN),
        sa.Column("created_at", TIME, **NEEDED),
        sa.Column("updated_at", TIME, **NEEDED),
        sa.ForeignKeyConstraint(["follow_up_of"], ["cases.number"], name="fk_cases_follow_up_of"),
        sa.ForeignKeyConstraint(["merged_into"], ["cases.number"], name="fk_cases_merged_into"),
        sa.PrimaryKeyConstraint("number", name="pk_cases"),
    )
    op.create_index("ix_cases_assignee", "cases", ["assignee"], **only("assignee <> ''"))
    op.create_index("ix_cases_follow_up_of", "cases", ["follow_up_of"], **only("follow_up_of IS NOT NULL"))
    op.create_index("ix_cases_attention", "cases", [sa.text(ATTENTION), "priority_rank", "created_at", "number"])
    op.create_index(
        "ix_cases_status_priority_rank_created_at_number",
        "cases",
        ["status", "priority_rank", "created_at", "number"],
    )
    op.create_index("ix_cases_requester_key", "cases", ["requester_key"])
    op.create_index("ix_cases_updated_at", "cases", ["updated_at"])


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("address_key", TEXT, **NEEDED),
        sa.Column("name", TEXT, **NEEDED),
        sa.Column("language", TEXT, **NEEDED),
        sa.Column("updated_at", TIME, **NEEDED),
        sa.PrimaryKeyConstraint("address_key", name="pk_contact"),
    )


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", TEXT, **NEEDED),
        sa.Column("value", ID, **GIVEN),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )


def _imap_folder() -> None:
    op.create_table(
        "imap_folder",
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("folder", TEXT, **NEEDED),
        sa.Column("uidvalidity", ID, **GIVEN),
        sa.Column("last_uid", ID, **GIVEN),
        sa.Column("first_uid", ID, **GIVEN),
        sa.Column("first_contact_at", TIME, **NEEDED),
        sa.PrimaryKeyConstraint("mailbox", "folder", name="pk_imap_folder"),
    )


def _raw() -> None:
    op.create_table(
        "raw",
        sa.Column("id", ID, **NEEDED),
        sa.Column("sha256", BYTES, **NEEDED),
        sa.Column("size", ID, **GIVEN),
        sa.Column("data", BYTES, **NEEDED),
        sa.PrimaryKeyConstraint("id", name="pk_raw"),
    )


def _deadline() -> None:
    op.create_table(
        "deadline",
        sa.Column("id", ID, **NEEDED),
        sa.Column("case", ID, **GIVEN),
        sa.Column("kind", TEXT, **NEEDED),
        sa.Column("step", NUMBER, **NEEDED),
        sa.Column("due_at", TIME, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_deadline_case"),
        sa.PrimaryKeyConstraint("id", name="pk_deadline"),
    )
    op.create_index("ix_deadline_case", "deadline", ["case"])
    op.create_index("ix_deadline_due_at", "deadline", ["due_at"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", ID, **NEEDED),
        sa.Column("case", ID, **GIVEN),
        sa.Column("at", TIME, **NEEDED),
        sa.Column("actor", TEXT, **NEEDED),
        sa.Column("event", TEXT, **NEEDED),
        sa.Column("text", TEXT, **NEEDED),
        sa.Column("from_status", TEXT, **NEEDED),
        sa.Column("to_status", TEXT, **NEEDED),
        sa.Column("data", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_event_case"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_case_id", "event", ["case", "id"])
    op.create_index("ix_event_by_agent", "event", ["actor", "case"], **only("actor >= 'agent:' AND actor < 'agent;'"))


def _heading() -> None:
    op.create_table(
        "heading",
        sa.Column("case", ID, **GIVEN),
        sa.Column("text", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_heading_case"),
        sa.PrimaryKeyConstraint("case", name="pk_heading"),
    )


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("case", ID, **GIVEN),
        sa.Column("other", ID, **GIVEN),
        sa.Column("relation", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_link_case"),
        sa.ForeignKeyConstraint(["other"], ["cases.number"], name="fk_link_other"),
        sa.PrimaryKeyConstraint("case", "other", "relation", name="pk_link"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, **NEEDED),
        sa.Column("case", ID, **GIVEN_OR_NULL),
        sa.Column("kind", TEXT, **NEEDED),
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("envelope_from", TEXT, **NEEDED),
        sa.Column("to", TEXT, **NEEDED),
        sa.Column("subject", TEXT, **NEEDED),
        sa.Column("message_id", TEXT, **NEEDED),
        sa.Column("raw_id", ID, **GIVEN_OR_NULL),
        sa.Column("state", TEXT, **NEEDED),
        sa.Column("reason", TEXT, **NEEDED),
        sa.Column("attempts", ID, **GIVEN),
        sa.Column("next_try", TIME, nullable=True),
        sa.Column("last_reply", TEXT, **NEEDED),
        sa.Column("reason_key", TEXT, **NEEDED),
        sa.Column("lane", TEXT, **NEEDED),
        sa.Column("automatic", FLAG, **NEEDED),
        sa.Column("created_at", TIME, **NEEDED),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("owner", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_outbox_case", **LATER),
        sa.ForeignKeyConstraint(["raw_id"], ["raw.id"], name="fk_outbox_raw_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("reason_key", name="uq_outbox_reason_key"),
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case", "id"])
    op.create_index("ix_outbox_envelope_from", "outbox", ["envelope_from"], **only("envelope_from <> ''"))
    op.create_index("ix_outbox_lane", "outbox", ["lane", "id"], **only("state IN ('queued', 'sending', 'uncertain')"))
    op.create_index("ix_outbox_message_id", "outbox", ["message_id"])
    op.create_index(
        "ix_outbox_next_try",
        "outbox",
        ["next_try", "id"],
        **only("state IN ('queued', 'sending', 'uncertain')"),
    )
    op.create_index("ix_outbox_raw_id", "outbox", ["raw_id"])
    op.create_index("ix_outbox_state", "outbox", ["state"])


def _participant() -> None:
    op.create_table(
        "participant",
        sa.Column("id", ID, **NEEDED),
        sa.Column("case", ID, **GIVEN),
        sa.Column("address_key", TEXT, **NEEDED),
        sa.Column("name", TEXT, **NEEDED),
        sa.Column("address", TEXT, **NEEDED),
        sa.Column("role", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_participant_case"),
        sa.PrimaryKeyConstraint("id", name="pk_participant"),
        sa.UniqueConstraint("case", "address_key", name="uq_participant_case_address_key"),
    )
    op.create_index("ix_participant_address_key", "participant", ["address_key"])


def _spool() -> None:
    op.create_table(
        "spool",
        sa.Column("id", ID, **NEEDED),
        sa.Column("ingest_key", TEXT, **NEEDED),
        sa.Column("raw_id", ID, **GIVEN_OR_NULL),
        sa.Column("source", TEXT, **NEEDED),
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("envelope", TEXT, **NEEDED),
        sa.Column("received_at", TIME, **NEEDED),
        sa.Column("silent", FLAG, **NEEDED),
        sa.Column("origin", TEXT, **NEEDED),
        sa.Column("state", TEXT, **NEEDED),
        sa.Column("attempts", ID, **GIVEN),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("owner", TEXT, **NEEDED),
        sa.Column("outcome", TEXT, **NEEDED),
        sa.Column("outcome_case", ID, nullable=True),
        sa.Column("reason", TEXT, **NEEDED),
        sa.Column("rule", TEXT, **NEEDED),
        sa.Column("confirmed_by", TEXT, **NEEDED),
        sa.Column("message_id", TEXT, **NEEDED),
        sa.Column("done_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["raw_id"], ["raw.id"], name="fk_spool_raw_id"),
        sa.PrimaryKeyConstraint("id", name="pk_spool"),
        sa.UniqueConstraint("ingest_key", name="uq_spool_ingest_key"),
    )
    op.create_index("ix_spool_aside", "spool", ["id"], **only("state IN ('quarantined', 'held')"))
    op.create_index("ix_spool_message_id", "spool", ["message_id"], **only("message_id <> ''"))
    op.create_index("ix_spool_raw_id", "spool", ["raw_id"])
    op.create_index("ix_spool_waiting", "spool", ["id"], **only("state = 'waiting'"))


def _tag() -> None:
    op.create_table(
        "tag",
        sa.Column("case", ID, **GIVEN),
        sa.Column("name", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_tag_case"),
        sa.PrimaryKeyConstraint("case", "name", name="pk_tag"),
    )
    op.create_index("ix_tag_name", "tag", ["name"])


def _imap_uid() -> None:
    op.create_table(
        "imap_uid",
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("folder", TEXT, **NEEDED),
        sa.Column("uidvalidity", ID, **GIVEN),
        sa.Column("uid", ID, **GIVEN),
        sa.Column("spool_id", ID, **GIVEN_OR_NULL),
        sa.Column("skipped", TEXT, **NEEDED),
        sa.Column("filed", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["spool_id"], ["spool.id"], name="fk_imap_uid_spool_id"),
        sa.PrimaryKeyConstraint("mailbox", "folder", "uidvalidity", "uid", name="pk_imap_uid"),
    )
    op.create_index("ix_imap_uid_spool_id", "imap_uid", ["spool_id"])
    op.create_index(
        "ix_imap_uid_unfiled",
        "imap_uid",
        ["mailbox", "folder", "uidvalidity", "uid"],
        **only("filed = ''"),
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", ID, **NEEDED),
        sa.Column("case", ID, **GIVEN),
        sa.Column("at", TIME, **NEEDED),
        sa.Column("direction", TEXT, **NEEDED),
        sa.Column("message_id", TEXT, **NEEDED),
        sa.Column("automatic", FLAG, **NEEDED),
        sa.Column("verified", FLAG, **NEEDED),
        sa.Column("author_name", TEXT, **NEEDED),
        sa.Column("author_address", TEXT, **NEEDED),
        sa.Column("to", TEXT, **NEEDED),
        sa.Column("cc", TEXT, **NEEDED),
        sa.Column("subject", TEXT, **NEEDED),
        sa.Column("evidence", TEXT, **NEEDED),
        sa.Column("rule", TEXT, **NEEDED),
        sa.Column("actor", TEXT, **NEEDED),
        sa.Column("spool_id", ID, **GIVEN_OR_NULL),
        sa.Column("outbox_id", ID, **GIVEN_OR_NULL),
        sa.Column("attachments", TEXT, **NEEDED),
        sa.Column("text", TEXT, **NEEDED),
        sa.Column("quoted", TEXT, **NEEDED),
        sa.Column("html", TEXT, **NEEDED),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_message_case"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_message_outbox_id"),
        sa.ForeignKeyConstraint(["spool_id"], ["spool.id"], name="fk_message_spool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_case_id", "message", ["case", "id"])
    op.create_index("ix_message_message_id", "message", ["message_id"], **only("message_id <> ''"))


def _outbox_recipient() -> None:
    op.create_table(
        "outbox_recipient",
        sa.Column("id", ID, **NEEDED),
        sa.Column("outbox_id", ID, **GIVEN),
        sa.Column("address", TEXT, **NEEDED),
        sa.Column("address_key", TEXT, **NEEDED),
        sa.Column("state", TEXT, **NEEDED),
        sa.Column("reply", TEXT, **NEEDED),
        sa.Column("automatic", FLAG, **NEEDED),
        sa.Column("case", ID, nullable=True),
        sa.Column("created_at", TIME, **NEEDED),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_outbox_recipient_outbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_recipient"),
    )
    op.create_index("ix_outbox_recipient_count", "outbox_recipient", ["address_key", "created_at", "automatic", "case"])
    op.create_index("ix_outbox_recipient_outbox_id", "outbox_recipient", ["outbox_id"])


def _sighting() -> None:
    op.create_table(
        "sighting",
        sa.Column("id", ID, **NEEDED),
        sa.Column("spool_id", ID, **GIVEN),
        sa.Column("source", TEXT, **NEEDED),
        sa.Column("mailbox", TEXT, **NEEDED),
        sa.Column("origin", TEXT, **NEEDED),
        sa.Column("at", TIME, **NEEDED),
        sa.ForeignKeyConstraint(["spool_id"], ["spool.id"], name="fk_sighting_spool_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sighting"),
    )
    op.create_index("ix_sighting_spool_id", "sighting", ["spool_id"])
