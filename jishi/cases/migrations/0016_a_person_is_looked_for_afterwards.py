"""Name, contact and mail beside an anonymous report are refused when the statement is done: it may store the report too.

Before each row another part of the same statement is not to be seen; after it all of it is, in whatever order the parts
were carried out. Other fields ask nothing.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION cases_anonymous_has_no_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.owner_table = 'cases_report' AND NEW.field IN (%s)
       AND EXISTS (SELECT 1 FROM cases_report r WHERE r.id = NEW.owner_row AND r.voice = 'anonymous') THEN
        RAISE EXCEPTION 'anonymous_has_no_person';
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE_MAIL = "'caller_name', 'caller_contact'"
PERSON = f"{BEFORE_MAIL}, 'caller_mail'"

FORWARD = f"""
{FUNCTION % PERSON}
DROP TRIGGER anonymous_has_no_person ON foundation_sealedvalue;
CREATE TRIGGER anonymous_has_no_person AFTER INSERT OR UPDATE ON foundation_sealedvalue
    FOR EACH ROW WHEN (NEW.owner_table = 'cases_report' AND NEW.field IN ({PERSON}))
    EXECUTE FUNCTION cases_anonymous_has_no_person();
"""

BACKWARD = f"""
{FUNCTION % BEFORE_MAIL}
DROP TRIGGER anonymous_has_no_person ON foundation_sealedvalue;
CREATE TRIGGER anonymous_has_no_person BEFORE INSERT OR UPDATE ON foundation_sealedvalue
    FOR EACH ROW EXECUTE FUNCTION cases_anonymous_has_no_person();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_how_often_is_counted_from_answers"), ("foundation", "0002_entries")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
