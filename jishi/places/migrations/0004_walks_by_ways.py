from django.db import migrations, models


class Migration(migrations.Migration):
    """Which net of ways the walks of a plan were measured on, and how those of each grid."""

    dependencies = [("places", "0003_a_net_of_ways")]

    operations = [
        migrations.AddField("planrun", "ways", models.PositiveIntegerField(null=True)),
        migrations.AddField("plangrid", "walks", models.CharField(default="straight", max_length=8)),
        migrations.AddConstraint(
            "plangrid",
            models.CheckConstraint(
                condition=models.Q(("walks__in", ("ways", "partly", "straight"))),
                name="a_walk_is_measured_in_a_known_way",
            ),
        ),
    ]
