"""What the models say is what the migrations lay."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_model_has_moved_on_without_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # leaves with 1 where something is missing
