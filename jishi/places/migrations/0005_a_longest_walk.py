from django.db import migrations, models


class Migration(migrations.Migration):
    """How far anybody may walk to the middle of a grid, and how far would do where no plan keeps to that."""

    dependencies = [("places", "0004_walks_by_ways")]

    operations = [
        migrations.AddField("planrun", "max_walk_m", models.PositiveIntegerField(null=True)),
        migrations.AddField("planfinding", "ask_walk_m", models.PositiveIntegerField(null=True)),
        migrations.AddConstraint(
            "planrun",
            models.CheckConstraint(
                condition=models.Q(("max_walk_m", None), ("max_walk_m__gte", 1), _connector="OR"),
                name="a_longest_walk_is_some_metres",
            ),
        ),
    ]
