"""What waits although bodies above the accused stand aside: asked often, few rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_photos_of_replies")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tenant", "status"], name="cases_with_a_line",
                condition=models.Q(("line_body_ids", []), _negated=True),
            ),
        ),
    ]
