"""Open work is read from an index of its own, drawn questions and points of reports from theirs (spec 95 §6)."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bodies', '0002_initial'),
        ('cases', '0002_anonymous_stays_anonymous'),
        ('foundation', '0004_files_are_kept'),
        ('places', '0002_entrances_and_households'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ['BANKED', 'CONSULTING', 'FEEDBACK', 'HANDLING', 'OFFERED', 'RECEIVED', 'REPLIED', 'SUSPENDED'])), fields=['tenant', 'promise_due_at', 'id'], include=('status', 'lead', 'grid', 'matter', 'urgency', 'received_at', 'division_code', 'accused_body_ids', 'line_body_ids', 'aside_account_ids'), name='cases_open'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('answered_at', None), ('sampled', True), ('superseded_by', None)), fields=['tenant', 'id'], name='feedback_to_call'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['tenant', 'lng_e7', 'lat_e7'], name='reports_by_point'),
        ),
    ]
