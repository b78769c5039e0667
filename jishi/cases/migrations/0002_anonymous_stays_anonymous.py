"""An anonymous report has no person anywhere: sealed name and contact are refused by the database itself."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION cases_anonymous_has_no_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.owner_table = 'cases_report' AND NEW.field IN ('caller_name', 'caller_contact')
       AND EXISTS (SELECT 1 FROM cases_report r WHERE r.id = NEW.owner_row AND r.voice = 'anonymous') THEN
        RAISE EXCEPTION 'anonymous_has_no_person';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER anonymous_has_no_person BEFORE INSERT OR UPDATE ON foundation_sealedvalue
    FOR EACH ROW EXECUTE FUNCTION cases_anonymous_has_no_person();
CREATE INDEX cases_search ON cases_case USING gin (to_tsvector('simple', search));
"""

BACKWARD = """
DROP INDEX cases_search;
DROP TRIGGER anonymous_has_no_person ON foundation_sealedvalue;
DROP FUNCTION cases_anonymous_has_no_person();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("foundation", "0002_entries")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
