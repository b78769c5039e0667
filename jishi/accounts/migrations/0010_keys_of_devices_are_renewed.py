"""Which of its keys a device is given, and whether something may lie there under the one before (decision 0018)."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_readings_name_their_file")]
    operations = [
        migrations.AddField("device", "key_no", models.PositiveIntegerField(default=0)),
        migrations.AddField("device", "is_settled", models.BooleanField(default=True)),
        migrations.AddConstraint(
            "device",
            models.CheckConstraint(name="a_first_key_has_none_before", condition=Q(is_settled=True) | Q(key_no__gt=0)),
        ),
    ]
