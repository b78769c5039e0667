"""What a body was ever asked is walked newest first by one index: the moment of receipt stands beside the body."""

import django.db.models.deletion
from django.db import migrations, models

# The owner works without a scope here: row security is forced again by the same transaction.
FILL = """
    ALTER TABLE cases_handover NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE cases_case NO FORCE ROW LEVEL SECURITY;
    UPDATE cases_handover h SET received_at = c.received_at FROM cases_case c WHERE c.id = h.case_id;
    ALTER TABLE cases_case FORCE ROW LEVEL SECURITY;
    ALTER TABLE cases_handover FORCE ROW LEVEL SECURITY;
"""
BODY = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": "bodies.body", "db_index": False}


class Migration(migrations.Migration):
    dependencies = [("bodies", "0002_initial"), ("cases", "0009_what_is_empty_is_in_no_index")]

    operations = [
        migrations.AddField("handover", "received_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("handover", "received_at", models.DateTimeField()),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(fields=["tenant", "body", "received_at", "case"], name="handovers_of_body_in_time"),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(fields=["tenant", "copied_to", "received_at", "case"], name="handovers_copied_in_time"),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(
                fields=["tenant", "body", "return_asked_at"], name="returns_of_body",
                condition=models.Q(("return_asked_at__isnull", False)),
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tenant", "lead", "received_at", "id"], name="cases_of_body_in_time",
                condition=models.Q(("lead__isnull", False)),
            ),
        ),
        migrations.AlterField("handover", "body", models.ForeignKey(**BODY)),
        migrations.AlterField("handover", "copied_to", models.ForeignKey(**BODY, null=True)),
    ]
