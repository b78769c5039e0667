"""What stands at no known place, by matter and time: the newest few of a matter, however many there are elsewhere."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0016_a_person_is_looked_for_afterwards")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tenant", "matter", "received_at"], name="cases_without_place_of",
                condition=models.Q(("grid", None)),
            ),
        ),
    ]
