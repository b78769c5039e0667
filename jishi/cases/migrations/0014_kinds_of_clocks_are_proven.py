"""The kinds of clocks, added without a look at what is there, are proven beside those who work: no lock on the table."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_a_time_to_answer_again")]

    operations = [ValidateConstraint("clock", "clock_kind_is_known")]
