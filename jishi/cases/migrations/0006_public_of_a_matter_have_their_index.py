"""Strangers ask for the newest of a matter: the public ones by time, however many are not public."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_lines_have_their_index")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tenant", "matter", "received_at"], name="public_of_matter",
                condition=models.Q(("visibility", "public")),
            ),
        ),
    ]
