"""How often a case was said not to be solved is read from the answers: nothing reads the column any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_kinds_of_clocks_are_proven")]

    operations = [migrations.RemoveField("case", "not_solved_count")]
