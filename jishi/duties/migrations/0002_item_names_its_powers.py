"""A line of a list names the lawful powers that its lead exercises (spec 11 §4)."""

import builtins

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("duties", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="dutyitem",
            name="powers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=12), default=builtins.list, size=None
            ),
        ),
        migrations.AddConstraint(
            model_name="dutyitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    powers__contained_by=[
                        "penalty", "licence", "coercion", "inspection", "confirmation", "levy", "payment",
                        "adjudication", "reward",
                    ]
                ),
                name="item_powers_are_known",
            ),
        ),
    ]  # fmt: skip
