"""Shapes of what is typed around a topic. Rules are the verbs'; here only what a field can hold."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from jishi.cases import topic_rules
from jishi.cases.actions import topic
from jishi.cases.actions.arrival import Incoming
from jishi.cases.web.desk.forms import TEXT, _body_field, _Naming
from jishi.duties import queries as duties

KINDS = (
    ("cluster", _("一类事反复出现")), ("banked", _("一批挂账")), ("season", _("季节性的事")),
    ("assembly", _("议事提出")),
)  # fmt: skip
MATTERS, MEASURES = 3, 4  # that the page takes; programs may send more


def _matters(lang: str, now: datetime, only: Any = None) -> list[tuple[str, str]]:
    rows = duties.matters(day=localdate(now)).items()
    return [(code, f"{code} {m.called(lang)}") for code, m in rows if only is None or code in only]


class _OfTopic(_Naming):
    def __init__(self, *args: Any, now: datetime, lang: str = "zh", one: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, now=now, lang=lang, **kwargs)
        self.one = one
        self.prepare()

    def prepare(self) -> None:
        """Fill what depends on the reader and the topic."""


class Plain(_OfTopic):
    """A press without words."""


class NominateForm(_OfTopic):
    """提名: which kind of matter, and from what it is seen."""

    title = forms.CharField(label=_("题目"), max_length=80, help_text=_("一类事，不是一件事"))
    kind = forms.ChoiceField(label=_("依据从哪里来"), choices=KINDS, widget=forms.RadioSelect)
    evidence = forms.CharField(
        label=_("依据"), widget=TEXT, max_length=2000, help_text=_("多少件、哪里、从什么时候；件数平台另外数一遍")
    )

    def prepare(self) -> None:
        """Take up to three matters of the code book."""
        offered = [("", "—"), *_matters(self.lang, self.now)]
        for n in range(1, MATTERS + 1):
            self.fields[f"matter_{n}"] = forms.ChoiceField(
                label=_("哪类事") if n == 1 else _("还有哪类"), choices=offered, required=n == 1
            )
        self.order_fields(["title", "matter_1", "matter_2", "matter_3", "kind", "evidence"])

    def value(self) -> topic.Nomination:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        codes = [said[f"matter_{n}"] for n in range(1, MATTERS + 1) if said.get(f"matter_{n}")]
        return topic.Nomination(said["title"], codes, said["kind"], said["evidence"])


class _Measured(_OfTopic):
    def prepare(self) -> None:
        """Take up to four measures: what, who, by when."""
        for n in range(1, MEASURES + 1):
            first = n == 1
            self.fields[f"what_{n}"] = forms.CharField(
                label=_("做什么") if first else _("还做什么"), max_length=200, required=first
            )
            self.fields[f"body_{n}"] = _body_field(_("谁做"), required=first)
            self.fields[f"day_{n}"] = forms.DateField(
                label=_("到哪天"), required=first, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                initial=localdate(self.now) + timedelta(days=60) if first else None,
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Join what belongs together; half a measure is none."""
        data, found = super().clean() or {}, []
        for n in range(1, MEASURES + 1):
            what, body, day = data.get(f"what_{n}"), self.body_named(f"body_{n}"), data.get(f"day_{n}")
            if what and body and day:
                found.append(topic.Measure(what, body, day))
            elif n > 1 and (what or body or day):
                self.add_error(f"what_{n}", _("做什么、谁做、到哪天，三样都要写。"))
        return {**data, "measures": found}


class ChooseForm(_Measured):
    """选定: who leads, why it happens, what is done, how far it should come."""

    lead = _body_field(_("由哪个单位牵头"))
    causes = forms.CharField(label=_("原因"), widget=TEXT, max_length=2000, help_text=_("为什么老是出现"))
    indicator = forms.ChoiceField(
        label=_("用哪个指标"), widget=forms.RadioSelect, help_text=_("现在的数由平台数出来，选定就不再变")
    )
    target = forms.IntegerField(label=_("目标"), min_value=0, max_value=1_000_000, help_text=_("件数，或者百分之几"))

    def prepare(self) -> None:
        """Offer the indicators that are published."""
        super().prepare()
        self.fields["indicator"].choices = [  # type: ignore[attr-defined]
            (i.code, f"{i.name.in_(self.lang)}\n{i.meaning.in_(self.lang)}") for i in topic_rules.load().offered
        ]
        self.order_fields(["lead", "causes", *(f for f in self.fields if f[-2:-1] == "_"), "indicator", "target"])

    def clean(self) -> dict[str, Any]:
        """Find the lead among the bodies of the day."""
        return {**super().clean(), "lead_id": self.body_named("lead")}

    def value(self) -> topic.Plan:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return topic.Plan(
            said["lead_id"] or 0, said["causes"], said["measures"], said["indicator"], said["target"]
        )


class GoOnForm(_Measured):
    """接着治: new measures and days."""


class WhyForm(_OfTopic):
    """不选: why."""

    why = forms.CharField(label=_("为什么不选"), widget=TEXT, max_length=500, help_text=_("提名的单位会看到"))


class AssessForm(_OfTopic):
    """评估: the figure is counted, the words are written."""

    words = forms.CharField(
        label=_("看到了什么"), widget=TEXT, max_length=2000, help_text=_("数由平台按选题时的同一版定义数出来")
    )


class CloseForm(_OfTopic):
    """结题: the result, for everybody to read."""

    words = forms.CharField(label=_("结果，公开给大家看"), widget=TEXT, max_length=2000, required=False)

    def prepare(self) -> None:
        """Begin with what the assessment says."""
        self.fields["words"].initial = self.one.row.result if self.one else ""


class MeasureForm(_OfTopic):
    """措施做完了."""

    measure = forms.TypedChoiceField(label=_("哪一条"), coerce=int)
    words = forms.CharField(label=_("做了什么"), max_length=500)

    def prepare(self) -> None:
        """Offer what is not done."""
        left = [(m.row.id, f"{m.row.what} · {m.body}") for m in self.one.measures if m.row.done_at is None]
        self.fields["measure"].choices = left  # type: ignore[attr-defined]


class FoundForm(_OfTopic):
    """主动发现，立案."""

    matter = forms.ChoiceField(label=_("哪类事"))
    text = forms.CharField(label=_("发现了什么"), widget=TEXT, max_length=2000)
    address = forms.CharField(label=_("在哪里"), max_length=200)

    def prepare(self) -> None:
        """Offer the topic's own matters."""
        offered = _matters(self.lang, self.now, set(self.one.row.matters))
        self.fields["matter"].choices = offered  # type: ignore[attr-defined]

    def value(self) -> Incoming:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return Incoming(text=said["text"], channel="topic", matter=said["matter"], address_text=said["address"])
