"""A caller with whom a reviewer did not agree has a time to answer again before anybody closes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_a_second_look")]

    operations = [migrations.AddField("recheck", "answer_until", models.DateTimeField(null=True))]
