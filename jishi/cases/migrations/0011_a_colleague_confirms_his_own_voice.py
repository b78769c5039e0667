"""A recording of a colleague's own voice names him until he has confirmed what was written down; then nobody is named."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_handovers_know_when_their_case_came")]
    operations = [
        migrations.AddField("recording", "spoken_by", models.CharField(max_length=80, blank=True, default=""), False),
        migrations.AddIndex(
            "recording",
            models.Index(fields=["tenant", "spoken_by"], name="recordings_to_confirm", condition=~Q(spoken_by="")),
        ),
    ]
