"""What residents fill in. Forms check shape; verbs check rules and their refusals come back beside the field."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions.arrival import LIMIT, Incoming
from jishi.cases.actions.feedback import Answers
from jishi.cases.actions.recordings import SPOKEN
from jishi.cases.states import Contacted, Satisfied, Solved
from jishi.foundation.refusals import Refused

VOICES = (("open", _("可以")), ("confidential", _("保密")), ("anonymous", _("匿名")))
NOT_THE_SAME = "no"
# Which field a refusal of intake belongs to; anything else stands above the form.
FIELD_OF: Mapping[str, str] = {
    "nothing_said": "text",
    "too_long": "text",
    "unknown_datum": "where",
    "swapped_axes": "where",
    "anonymous_has_no_person": "tel",
    "bad_contact": "tel",
    "bad_mail": "tel",
    **dict.fromkeys(
        (
            "file_too_large", "too_many_files", "file_is_empty", "file_kind_refused", "file_not_what_it_says",
            "file_damaged", "too_many_pixels", "sides_too_unequal", "unpacks_too_large", "file_with_program",
        ),
        "photos",
    ),
    "recording_too_long": "recording",
    "anonymous_has_no_voice": "recording",
}


class SpeakUp(forms.Form):
    """What, where, may we call you. Shape only: the length of the text and the number are intake's question."""

    text = forms.CharField(label=_("什么事"), required=False, strip=False)
    where = forms.CharField(label=_("在哪里"), required=False, max_length=200)
    lng = forms.FloatField(required=False)
    lat = forms.FloatField(required=False)
    accuracy = forms.FloatField(required=False, min_value=0, max_value=100_000)
    at_home = forms.BooleanField(label=_("没写地方的，按我住的地方办"), required=False)  # asked, never set beforehand
    voice = forms.ChoiceField(label=_("能联系您吗"), choices=VOICES, initial="open", widget=forms.RadioSelect)
    child = forms.BooleanField(label=_("我还不满 14 岁"), required=False)
    tel = forms.CharField(label=_("手机号"), required=False, max_length=60)
    accused = forms.IntegerField(label=_("说的是哪个单位"), required=False, min_value=1)
    join = forms.CharField(required=False, max_length=20)
    photos = forms.Field(required=False)  # taken from the files by the page; here for its refusals
    photos_public = forms.BooleanField(required=False)
    recording = forms.Field(required=False)  # as photos
    with_photos = False  # something was said by a picture
    spoken = False  # or into a microphone

    def incoming(self, *, account_id: int | None) -> Incoming:
        """Give what was said as intake takes it. Of a child under 14 and of anonymous people no person is kept."""
        given = self.cleaned_data
        voice = "anonymous" if given["child"] else given["voice"]
        pinned = given["lng"] is not None and given["lat"] is not None
        return Incoming(
            text=given["text"] if given["text"].strip() else self._wordless(given["text"]),
            channel="web",
            voice=voice,
            kind="complaint" if given["accused"] else "report",
            lng=given["lng"],
            lat=given["lat"],
            crs="wgs84" if pinned else "",
            accuracy_m=given["accuracy"],
            address_text=given["where"],
            caller_contact="" if given["child"] else given["tel"].strip(),
            accused_body_ids=(given["accused"],) if given["accused"] else (),
            reporter_id=account_id,
            lang=_written_in(),
            wants_word=account_id is None or voice != "open",
            at_home=given["at_home"],
            attributes={SPOKEN: True} if self.spoken and not given["text"].strip() else {},
        )

    def _wordless(self, text: str) -> str:
        """Give what stands for words that nobody wrote: it was spoken, or shown."""
        if self.spoken:
            return str(_("只有录音，没有文字。"))
        return str(_("只有照片，没有文字。")) if self.with_photos else text

    def refuse(self, refused: Refused, *, field: str = "") -> None:
        """Put a refusal of intake beside the field it belongs to."""
        lang = get_language() or "zh"
        sentence = f"{refused.sentence(lang)} {refused.next_step(lang)}".strip()
        self.add_error(field or FIELD_OF.get(refused.code), sentence)


class NumberAndWord(forms.Form):
    """The way in without an account."""

    number = forms.CharField(
        label=_("编号"),
        max_length=30,
        help_text=_("R 开头，在受理回执上"),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    word = forms.CharField(
        label=_("口令"),
        max_length=30,
        help_text=_("10 个字母和数字，大小写都行，中间的横线可有可无"),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )


class Words(forms.Form):
    """One free sentence or more of the caller himself."""

    words = forms.CharField(
        label=_("您要说的"), required=False, strip=False, max_length=LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )


class ThreeAnswers(forms.Form):
    """Contacted? solved? satisfied? None of them is chosen beforehand; what is not chosen is no answer."""

    contacted = forms.ChoiceField(
        label=_("办事的单位联系过您吗"),
        required=False,
        widget=forms.RadioSelect,
        choices=[("yes", _("联系过")), ("no", _("没联系")), ("unclear", _("记不清"))],
    )
    solved = forms.ChoiceField(
        label=_("事情解决了吗"),
        required=False,
        widget=forms.RadioSelect,
        choices=[("yes", _("解决了")), ("partly", _("解决了一部分")), ("no", _("没有解决")), ("unclear", _("说不清"))],
    )
    satisfied = forms.ChoiceField(
        label=_("对办的过程满意吗"),
        required=False,
        widget=forms.RadioSelect,
        choices=[("satisfied", _("满意")), ("basically", _("基本满意")), ("not", _("不满意"))],
    )
    text = forms.CharField(
        label=_("还想说的"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("哪里没解决、哪里不满意，写给接着办的人看"),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse an empty sheet: nobody presses for nothing."""
        given = super().clean() or {}
        if not self.errors and not any(str(v).strip() for v in given.values()):
            raise forms.ValidationError(_("三问都没有选。不想答，关掉这一页就行，记作“没有回答”。"))
        return given

    def answers(self) -> Answers:
        given = self.cleaned_data
        return Answers(
            contacted=given["contacted"] or Contacted.NO_ANSWER.value,
            solved=given["solved"] or Solved.NO_ANSWER.value,
            satisfied=given["satisfied"] or Satisfied.NO_ANSWER.value,
            text=given["text"],
        )


def _written_in() -> str:
    return "en" if (get_language() or "zh").startswith("en") else "zh-Hans"
