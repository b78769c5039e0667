"""A reading names the very file that was opened: one reason opens one recording, not the others of its report."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_programs_enter")]
    operations = [migrations.AddField("reading", "file_row", models.BigIntegerField(null=True))]
