"""What a caller calls not solved is judged by a reviewer: his judgement, and the clock that runs until he has."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

KINDS = [
    ("promise", "答复"),
    ("dispatch", "派单"),
    ("sign", "签收"),
    ("return_window", "可退单"),
    ("return_answer", "退单答复"),
    ("contact", "首次联系"),
    ("handling", "办理"),
    ("consult", "会商"),
    ("ruling", "裁定"),
    ("review", "审核"),
    ("feedback", "回访"),
    ("recheck", "复核"),
    ("reopen", "重办"),
    ("part_sign", "协办签收"),
    ("part", "协办"),
    ("part_ruling", "协办裁定"),
    ("whistle_answer", "应哨"),
    ("whistle_act", "处置"),
    ("whistle_rate", "评哨"),
    ("body_answer", "本单位应哨"),
    ("objection", "异议裁定"),
    ("suspension", "挂起"),
    ("bank_review", "挂账复核"),
    ("supervision", "督办"),
    ("med_consent", "调解征求同意"),
    ("med_term", "调解期限"),
    ("med_perform", "协议约定的日子"),
    ("med_confirm", "可申请司法确认"),
]
GROUNDS = [
    ("done_as_said", "核对过现场，答复里说的已经做到"),
    ("planned", "已列计划，答复里写的日子还没到"),
    ("not_lawful", "想要的结果依法办不到，依据已经写明"),
    ("another_matter", "说的是另一件事，要另外登记"),
]
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [
        ("bodies", "0002_initial"),
        ("cases", "0011_a_colleague_confirms_his_own_voice"),
        ("foundation", "0004_files_are_kept"),
    ]

    operations = [
        migrations.RemoveConstraint("clock", "clock_kind_is_known"),
        migrations.AlterField("clock", "kind", models.CharField(max_length=14, choices=KINDS)),
        AddConstraintNotValid(  # every clock of a town would be read under a full lock; 0014 proves them beside the work
            "clock",
            models.CheckConstraint(name="clock_kind_is_known", condition=Q(kind__in=[code for code, _ in KINDS])),
        ),
        migrations.CreateModel(
            name="Recheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reviewer", models.CharField(max_length=80)),
                ("verdict", models.CharField(max_length=10)),
                ("ground", models.CharField(blank=True, max_length=20, choices=GROUNDS)),
                ("why", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("case", models.ForeignKey(on_delete=CASCADE, related_name="+", to="cases.case")),
                ("feedback", models.ForeignKey(on_delete=CASCADE, related_name="+", to="cases.feedback")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.AddIndex("recheck", models.Index(fields=["tenant", "case"], name="rechecks_of_case")),
        migrations.AddConstraint(
            "recheck", models.UniqueConstraint(fields=("tenant", "feedback"), name="an_answer_is_judged_once")
        ),
        migrations.AddConstraint(
            "recheck",
            models.CheckConstraint(name="recheck_is_known", condition=Q(verdict__in=["agreed", "denied"])),
        ),
        migrations.AddConstraint(
            "recheck",
            models.CheckConstraint(
                name="denied_has_its_ground",
                condition=Q(verdict="agreed", ground="")
                | Q(verdict="denied", ground__in=[code for code, _ in GROUNDS]),
            ),
        ),
    ]
