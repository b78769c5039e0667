"""What is said is not taken in as it stands."""

from jishi.foundation.refusals import Refused


class NothingSaid(Refused):
    code, status = "nothing_said", 422
    zh, en = "还没有写是什么事。", "You have not said what the matter is."
    next_zh, next_en = "用自己的话写几个字就行。", "A few words of your own are enough."


class TooLong(Refused):
    code, status = "too_long", 422
    zh, en = "写了 {length} 个字，最多 {limit} 个。", "{length} characters written; the limit is {limit}."
    next_zh, next_en = "留下要点，其余可以提交后补充。", "Keep the main points; you can add the rest afterwards."


class UnknownDatum(Refused):
    code, status = "unknown_datum", 422
    zh, en = "坐标没有说明是哪个坐标系。", "The coordinates do not say their system."
    next_zh, next_en = "请给出 crs：cgcs2000、wgs84、gcj02 或 bd09。", "Give crs: cgcs2000, wgs84, gcj02 or bd09."


class SwappedAxes(Refused):
    code, status = "swapped_axes", 422
    zh, en = "经度和纬度像是写反了：应为 {lng}, {lat}。", "Longitude and latitude seem swapped: {lng}, {lat}?"
    next_zh = "经度在前，纬度在后，改好再提交。"
    next_en = "Longitude first, latitude second; correct it and send again."


class UnknownMatter(Refused):
    code, status = "unknown_matter", 422
    zh, en = "没有“{matter}”这个事项代码。{successor}", "There is no matter code {matter}. {successor}"
    next_zh, next_en = "从现行事项分类里选一个。", "Choose one from the code book in force."


class ClockWrong(Refused):
    code, status = "said_in_the_future", 422
    zh, en = "说的时间在将来：{said_at}。", "The time it was said lies in the future: {said_at}."
    next_zh, next_en = "核对日期。", "Check the date."


class AnonymousHasNoPerson(Refused):
    code, status = "anonymous_has_no_person", 422
    zh, en = "匿名就不留姓名和电话。", "An anonymous report keeps no name or phone."
    next_zh, next_en = "去掉联系方式，或改选“保密”。", "Remove the contact, or choose confidential."


class BadContact(Refused):
    code, status = "bad_contact", 422
    zh, en = "手机号现在是 {length} 位，应为 11 位。", "The phone number has {length} digits; it should have 11."
    next_zh, next_en = "核对号码；座机请带区号。", "Check the number; give the area code of a landline."


class BadMail(Refused):
    code, status = "bad_mail", 422
    zh, en = "邮箱写得不完整。", "The mail address is not complete."
    next_zh, next_en = "写成 name@example.cn 这样，或者留手机号。", "Write it like name@example.cn, or give a number."


class AlreadyKnown(Refused):
    code, status = "already_known", 409
    zh = "{system} 的 {number} 号已经收过。"
    en = "{system} number {number} has been received before."
    next_zh, next_en = "有新的话，作为补充记在原来那一件上。", "Add what is new to the report that is there."


class WrongWord(Refused):
    """Equal for a wrong number and a wrong word: neither can be guessed apart."""

    code, status = "wrong_number_or_word", 404
    zh, en = "编号和口令对不上。", "Number and word do not match."
    next_zh, next_en = "核对受理回执上的编号和 10 位口令。", "Check the number and the ten characters on your receipt."


class NotOnTheSpotList(Refused):
    code, status = "not_on_the_spot_list", 409
    zh, en = "“{matter}”不在可以当场处置的事项里。", "{matter} may not be settled on the spot."
    next_zh, next_en = "请上报，由派单台派。", "Send it in; the desk will place it."


class TooFewConfirmed(Refused):
    code, status = "too_few_confirmed", 409
    zh, en = "确认过事项的只有 {count} 件，满 {least} 件才学。", "{count} cases are confirmed; learning needs {least}."
    next_zh, next_en = "在这之前按清单和事项库的文字推断。", "Until then the texts of lists and code book answer."


class NotShadowedEnough(Refused):
    code, status = "not_shadowed_enough", 409
    zh = "这一版试答过的只有 {count} 件，满 {least} 件才能启用。"
    en = "This edition has answered {count} cases in the shadow; it is adopted after {least}."
    next_zh, next_en = "让它接着试答，到时候对比新旧再定。", "Let it answer unseen for longer, then compare."


class ModelCannotBeRead(Refused):
    code, status = "model_cannot_be_read", 409
    zh = "第 {number} 版模型读不出来：内容与指纹或格式不符。"
    en = "Model {number} cannot be read: its hash or format does not fit."
    next_zh, next_en = "重新学习一版。", "Learn a new edition."


class NotForThePublic(Refused):
    code, status = "not_for_the_public", 409
    zh = "这件事不能公开：有人要求保密，是举报，或者反映的是某个单位。"
    en = "This cannot be public: somebody asked for confidence, it is a tip-off, or it complains about a body."
    next_zh, next_en = "照常办理，当事各方看得到。", "It goes on as usual; its parties see it."


class NothingForThePublic(Refused):
    """Words for strangers about what strangers never see would only wait to be shown by mistake (spec 10 §13)."""

    code, status = "nothing_for_the_public", 409
    zh = "这件事不会公开，答复里不能写给大家看的话。"
    en = "This case is never public; its reply holds no words for the public."
    next_zh, next_en = "要说的都写在给诉求人的答复里。", "Say all of it in the answer to the caller."


class VisibilityStays(Refused):
    code, status = "visibility_stays", 409
    zh, en = "这件事已经是{now_zh}的。", "It is {now_en} already."
    next_zh, next_en = "刷新看看现在的样子。", "Reload to see it as it is now."


class TooManyPosts(Refused):
    code, status = "too_many_posts", 429
    zh = "这把密钥一分钟最多发 {limit} 条，请等 {seconds} 秒。"
    en = "This key may send {limit} a minute; wait {seconds} s."
    next_zh = "等一会儿再发，没有发的都还在您那里。"
    next_en = "Send it again in a moment; you still hold what was not sent."
