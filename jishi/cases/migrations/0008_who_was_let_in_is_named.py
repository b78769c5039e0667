"""Who was let in while no dispatcher was left is named, so that they are shut out again."""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_recordings_beside_reports")]

    operations = [
        *(
            migrations.AddField(
                model_name=name, name="let_in_body_ids",
                field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.BigIntegerField(), default=list, size=None
                ),
            )
            for name in ("case", "report")
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                name="who_is_let_in_does_not_stand_aside",
                condition=Q(let_in_body_ids=[])
                | (~Q(accused_body_ids=[]) & ~Q(let_in_body_ids__overlap=F("line_body_ids"))),
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tenant", "status"], name="cases_let_in", condition=models.Q(("let_in_body_ids", []), _negated=True)
            ),
        ),
    ]
