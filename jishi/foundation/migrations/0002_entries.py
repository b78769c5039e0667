"""Entries: partitioned by month of recording, append-only, stamped by the database's own clock."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION jishi_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append_only: % is never changed or deleted', TG_TABLE_NAME;
END $$;

CREATE FUNCTION jishi_stamp_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.recorded_at <> transaction_timestamp() THEN
        RAISE EXCEPTION 'recorded_at is the clock of the database, not of the caller';
    END IF;
    RETURN NEW;
END $$;

CREATE SEQUENCE foundation_entry_id_seq;
CREATE TABLE foundation_entry (
    id bigint NOT NULL DEFAULT nextval('foundation_entry_id_seq'),
    tenant_id bigint NOT NULL REFERENCES foundation_tenant (id),
    recorded_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    subject_kind varchar(40) NOT NULL,
    subject_id bigint NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    verb varchar(60) NOT NULL,
    actor varchar(80) NOT NULL,
    rule varchar(120) NOT NULL,
    codes jsonb NOT NULL,
    details_commit varchar(64) NOT NULL,
    prev varchar(64) NOT NULL,
    suite varchar(1) NOT NULL,
    hash varchar(64) NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
ALTER SEQUENCE foundation_entry_id_seq OWNED BY foundation_entry.id;
CREATE INDEX foundation_entry_subject ON foundation_entry (tenant_id, subject_kind, subject_id, seq);
CREATE INDEX foundation_entry_verb ON foundation_entry (tenant_id, verb, at);
CREATE INDEX foundation_entry_xid ON foundation_entry (tenant_id, xid);
CREATE TRIGGER stamped BEFORE INSERT ON foundation_entry FOR EACH ROW EXECUTE FUNCTION jishi_stamp_entry();
"""

BACKWARD = """
DROP TABLE foundation_entry;
DROP FUNCTION jishi_stamp_entry();
DROP FUNCTION jishi_never_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("foundation", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
