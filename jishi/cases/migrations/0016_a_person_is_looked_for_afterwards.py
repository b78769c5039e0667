"""Name and contact beside an anonymous report are refused when the statement is done: the report may be stored by it too.

Before each row another part of the same statement is not to be seen; after it all of it is, in whatever order the parts
were carried out. Other fields ask nothing.
"""

from django.db import migrations

FORWARD = """
DROP TRIGGER anonymous_has_no_person ON foundation_sealedvalue;
CREATE TRIGGER anonymous_has_no_person AFTER INSERT OR UPDATE ON foundation_sealedvalue
    FOR EACH ROW WHEN (NEW.owner_table = 'cases_report' AND NEW.field IN ('caller_name', 'caller_contact'))
    EXECUTE FUNCTION cases_anonymous_has_no_person();
"""

BACKWARD = """
DROP TRIGGER anonymous_has_no_person ON foundation_sealedvalue;
CREATE TRIGGER anonymous_has_no_person BEFORE INSERT OR UPDATE ON foundation_sealedvalue
    FOR EACH ROW EXECUTE FUNCTION cases_anonymous_has_no_person();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_how_often_is_counted_from_answers"), ("foundation", "0002_entries")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
