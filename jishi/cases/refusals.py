"""What this room says no to. Each names what happened and what to do now."""

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


class GroundNeeded(Refused):
    code, status = "ground_needed", 422
    zh, en = "要写明{what}。", "Say {what_en}."
    next_zh, next_en = "写好再提交。", "Write it and send again."


class CitationNeeded(Refused):
    """A return without a cited duty item is refused (spec 10 §6, lesson H10)."""

    code, status = "citation_needed", 422
    zh, en = "退单要引用清单条目，没有引用不能退。", "A return must cite a duty item."
    next_zh, next_en = "在清单里找到依据的那一条，填上再退。", "Find the item it rests on, and cite it."


class ProposedBodyNeeded(Refused):
    code, status = "proposed_body_needed", 422
    zh, en = "说“不是本单位职责”，要写明应当是哪个单位。", "If it is not your duty, name the body whose it is."
    next_zh, next_en = "选一个建议单位。", "Choose the body you propose."


class ReturnWindowClosed(Refused):
    code, status = "return_window_closed", 409
    zh, en = "退单期限已过（{closed}）。", "The time to return it ended on {closed}."
    next_zh, next_en = "可以请派单台会商，或请其他单位协办。", "Ask the desk for a consultation, or ask for assistants."


class ReturnedBefore(Refused):
    code, status = "returned_before", 409
    zh, en = "你们退过这一件了，每件只能退一次。", "You returned this case once; that is the limit."
    next_zh, next_en = "可以请派单台会商。", "Ask the desk for a consultation."


class DesignatedMayNotReturn(Refused):
    """After a ruling the named body may not return (潍坊市12345条例 22)."""

    code, status = "designated_may_not_return", 409
    zh = "这件事已经裁定由你们办，不能再退（潍坊市12345条例 22）。"
    en = "A ruling named you; it may not be returned (潍坊市12345条例 22)."
    next_zh, next_en = "可以请其他单位协办。", "You may ask for assistants."


class ReturnPending(Refused):
    code, status = "return_pending", 409
    zh, en = "退单还没有答复，先等派单台的决定。", "Your return is not answered yet."
    next_zh, next_en = "到 {due} 没有答复，退单就成立。", "If there is no answer by {due}, the return stands."


class NoReturnAsked(Refused):
    code, status = "no_return_asked", 409
    zh, en = "没有待答复的退单。", "No return waits for an answer."
    next_zh, next_en = "看一下事件的经过。", "See the history of the case."


class ContactNeeded(Refused):
    code, status = "contact_needed", 409
    zh = "现在不能写答复：还没有联系诉求人的记录。"
    en = "You cannot answer yet: no contact with the caller is recorded."
    next_zh = "先记一次联系；三次不同时间联系不上也可以。"
    next_en = "Record a contact first; three dated attempts will do."


class ReplyTooShort(Refused):
    code, status = "reply_too_short", 422
    zh = "给诉求人的答复要 20 到 4,000 字，现在 {length} 字。"
    en = "The answer must have 20 to 4,000 characters; it has {length}."
    next_zh = "写明什么时候、跟谁联系过、做了什么、何时做完。"
    next_en = "Say when, with whom, what was done, and by when."


class AlreadyKnown(Refused):
    code, status = "already_known", 409
    zh = "{system} 的 {number} 号已经收过。"
    en = "{system} number {number} has been received before."
    next_zh, next_en = "有新的话，作为补充记在原来那一件上。", "Add what is new to the report that is there."


class SamePerson(Refused):
    code, status = "same_person_twice", 403
    zh, en = "{why}", "{why_en}"
    next_zh, next_en = "请另一位同事来做。", "Ask a colleague."


class ElementsMissing(Refused):
    code, status = "elements_missing", 422
    zh, en = "审核四要素还缺：{missing}。", "Of the four elements these are missing: {missing}."
    next_zh, next_en = "缺哪一项就退回哪一项。", "Send it back, naming what is missing."


class NotSolvedNeedsReview(Refused):
    code, status = "not_solved_needs_agreement", 409
    zh, en = "第一次说没解决，要审核人同意才能退回重办。", "The first 'not solved' goes back only if a reviewer agrees."
    next_zh, next_en = "请审核人看一下。", "Ask a reviewer to look."


class ReopenWindowClosed(Refused):
    code, status = "reopen_window_closed", 409
    zh, en = "过了 {days} 天的重办期限。", "The {days} days for reopening have passed."
    next_zh, next_en = "可以再说一次，我们会连到原来这一件。", "Please say it again; we will link it to this case."


class ObjectedBefore(Refused):
    code, status = "objected_before", 409
    zh, en = "不予受理只能申诉一次。", "A decline can be objected to once."
    next_zh, next_en = "可以走告知里写明的渠道。", "Use the road named in the notice."


class NotOnTheSpotList(Refused):
    code, status = "not_on_the_spot_list", 409
    zh, en = "“{matter}”不在可以当场处置的事项里。", "{matter} may not be settled on the spot."
    next_zh, next_en = "请上报，由派单台派。", "Send it in; the desk will place it."


class BodyDoesNotExist(Refused):
    code, status = "no_such_body", 422
    zh, en = "{day}没有这个单位：{body}。", "There is no such body on {day}: {body}."
    next_zh, next_en = "从名录里选。", "Choose one from the list."


class TooFewBodies(Refused):
    code, status = "too_few_bodies", 422
    zh, en = "会商至少要两个单位。", "A consultation needs at least two bodies."
    next_zh, next_en = "再选一个。", "Choose one more."


class WrongWord(Refused):
    """Equal for a wrong number and a wrong word: neither can be guessed apart."""

    code, status = "wrong_number_or_word", 404
    zh, en = "编号和口令对不上。", "Number and word do not match."
    next_zh, next_en = "核对受理回执上的编号和 10 位口令。", "Check the number and the ten characters on your receipt."


class NoCallNow(Refused):
    code, status = "no_call_now", 422
    zh = "一个半天只打一次，8:30 到 20:00 之间打，最多三个半天。"
    en = "One call in a half day, between 8:30 and 20:00, in at most three half days."
    next_zh, next_en = "换一个半天再打；没有人可打了，就办结。", "Call in another half day; nobody left: close it."


class LinkIsOver(Refused):
    code, status = "link_is_over", 410
    zh, en = "这个链接已经用过，或过了期。", "This link was used, or its time is over."
    next_zh = "凭编号和口令打开“我的事”，还可以说。"
    next_en = "Open the matter with number and word; you can still answer."


class WhyNotTheList(Refused):
    code, status = "reason_missing", 422
    zh, en = "清单没有选这个单位；要派给它，请写理由。", "The list did not choose this body; say why you do."
    next_zh, next_en = "写一句理由，会留在经过里。", "One sentence; it stays in the record."


class TooFewConfirmed(Refused):
    code, status = "too_few_confirmed", 409
    zh, en = "确认过事项的只有 {count} 件，满 {least} 件才学。", "{count} cases are confirmed; learning needs {least}."
    next_zh, next_en = "在这之前按清单和事项库的文字推断。", "Until then the texts of lists and code book answer."


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


class LivesOn(Refused):
    """The case was merged: what is done to it is done in the living one (lesson M02)."""

    code, status = "lives_on_elsewhere", 409
    zh, en = "这一件已经并入 {number}，在那一件上办。", "This case was merged into {number} and lives on there."
    next_zh, next_en = "打开 {number}，在那里写。", "Open {number} and do it there."


class OneAndTheSame(Refused):
    code, status = "one_and_the_same", 422
    zh, en = "一件不能并入它自己。", "A case is not merged into itself."
    next_zh, next_en = "写另一件的编号。", "Give the number of the other case."


class IntoHasEnded(Refused):
    code, status = "into_has_ended", 409
    zh, en = "{number} 已经{state}，不能再并进去。", "{number} has ended ({state_en}); nothing is merged into it."
    next_zh = "并入一件没办完的；已经答复过的，可以另行答复。"
    next_en = "Choose an open case, or answer this one by itself."


class StillRunning(Refused):
    """A part or a whistle runs beside the case: it is never closed from above, by no road (spec 10 §7, H01, H02)."""

    code, status = "parts_open", 409
    zh, en = "别的单位还在办，现在不能：{list_zh}。", "Other bodies are still at work: {list_en}."
    next_zh = "等它们做完或退回，或者说好不用做了；吹哨的，先结束或取消。"
    next_en = "Wait until they finish or return it, or agree to stop; conclude or call off a whistle."


class ConfidentialStandsAlone(Refused):
    code, status = "confidential_stands_alone", 409
    zh, en = "保密的诉求不和不保密的放在一起。", "A confidential report is not put together with others."
    next_zh, next_en = "各办各的，答复可以相同。", "Handle each by itself; the answers may be the same."


class AccusedDiffer(Refused):
    code, status = "accused_differ", 409
    zh = "两件投诉的单位不同，要回避的人也不同。"
    en = "They complain about different bodies, so different people must stand aside."
    next_zh, next_en = "各办各的。", "Handle each by itself."


class LessUrgent(Refused):
    code, status = "less_urgent", 409
    zh = "{number} 没有这一件急，并进去会慢下来。"
    en = "{number} is less urgent; merged into it this one would wait."
    next_zh = "反过来并，或者先说定那一件有多急。"
    next_en = "Merge the other way round, or say how urgent that one is."


class NothingAbsorbed(Refused):
    code, status = "nothing_absorbed", 409
    zh, en = "并进去的诉求都已经不在那一件里了。", "Nothing of what was merged is there any more."
    next_zh, next_en = "看每条诉求现在在哪一件。", "See where each report is now."


class LastReport(Refused):
    """The last report does not leave: the case is withdrawn, or kept as a community case (spec 10 §4)."""

    code, status = "last_report", 409
    zh = "{number} 只剩这一条诉求，拿走就没有人说过它了。"
    en = "This is the last report of {number}; without it nobody has said it."
    next_zh = "由诉求人撤回；事情还要办的，先留作社区件。"
    next_en = "The caller may withdraw it; if it must go on, keep it as a community case first."


class NotAMember(Refused):
    code, status = "not_a_member", 409
    zh, en = "{report} 现在不在 {number} 里。", "{report} does not belong to {number} now."
    next_zh, next_en = "看这条诉求现在在哪一件。", "See where the report is now."


class AlreadyAMember(Refused):
    code, status = "already_a_member", 409
    zh, en = "{report} 已经在 {number} 里了。", "{report} belongs to {number} already."
    next_zh, next_en = "不用再加。", "Nothing is to be done."


class TooFewParts(Refused):
    code, status = "too_few_parts", 422
    zh, en = "拆开至少要两部分，每部分写明是什么事。", "A split needs at least two parts, each in words."
    next_zh, next_en = "再写一部分。", "Write one more."


class CommunityAlready(Refused):
    code, status = "community_already", 409
    zh, en = "{number} 已经是社区件。", "{number} is a community case already."
    next_zh, next_en = "不用再定。", "Nothing is to be done."


class NoTimeForAPart(Refused):
    code, status = "no_time_for_a_part", 422
    zh = "协办最晚到 {latest}：要在答复居民之前留半个工作日；写的是 {due}。"
    en = "A part is due by {latest} at the latest, half a day before the promise; you wrote {due}."
    next_zh, next_en = "把日子提前，或请他们只做来得及的一部分。", "Choose an earlier day, or ask for less."


class NotFromOneself(Refused):
    code, status = "not_from_oneself", 422
    zh, en = "{body}就是主办，不用请自己协办。", "{body} leads the case itself."
    next_zh, next_en = "选别的单位。", "Choose another body."


class TooShortOrLong(Refused):
    code, status = "words_too_short_or_long", 422
    zh = "{what}：要 {least} 到 {most} 字，现在 {length} 字。"
    en = "{what_en}: {least} to {most} characters, not {length}."
    next_zh, next_en = "改一改再交。", "Change it and send again."


class ContestedBefore(Refused):
    code, status = "contested_before", 409
    zh, en = "这份协办的退回已经裁定过，不再争议。", "The return of this part was ruled on before."
    next_zh, next_en = "可以请别的单位协办。", "Ask another body."


class StopNotAsked(Refused):
    code, status = "stop_not_asked", 409
    zh, en = "请协办的单位没有请求停做。", "Nobody has asked you to stop this part."
    next_zh, next_en = "做完，或者引用清单退回。", "Finish it, or return it with a citation."


class OnlyAStreetBlows(Refused):
    code, status = "only_a_street_blows", 403
    zh, en = "吹哨的是这个地方的镇街。", "Only the town or street of this place blows the whistle."
    next_zh, next_en = "请镇街吹哨，或者请有关单位协办。", "Ask the street, or ask bodies for parts."


class WhistleRuns(Refused):
    code, status = "whistle_runs", 409
    zh, en = "这件事上已经有一次吹哨没有了结。", "A whistle on this case has not ended yet."
    next_zh, next_en = "先结束或取消那一次，再吹。", "Conclude it or call it off, then blow again."


class WhyThisBody(Refused):
    code, status = "why_this_body", 422
    zh = "清单上没有写这件事归{body}；要叫它来，请写为什么。"
    en = "No list names {body} for this matter; say why it is called."
    next_zh, next_en = "写一句理由，或引用它的一条事项。", "One sentence, or cite an item of its list."


class QuorumUnclear(Refused):
    code, status = "quorum_unclear", 422
    zh = "要写明谁必须应哨：点名几个，或者叫来的 {called} 个里至少几个。"
    en = "Say who must answer: named bodies, or how many of the {called} called."
    next_zh, next_en = "二选一，不能超过叫来的单位。", "One of the two, and not more than are called."


class ComeFirst(Refused):
    code, status = "come_first", 409
    zh, en = "应急处置先来，异议在评哨时说。", "In an emergency come first, and object with your rating."
    next_zh, next_en = "先应哨。", "Answer the whistle."


class ResultsMissing(Refused):
    """Every participant has its own result or a recorded absence (spec 10 §8, §19.12)."""

    code, status = "results_missing", 409
    zh = "还不能结束，这些单位既没有结果，也没有记没来：{list_zh}。"
    en = "Not yet: neither a result nor a recorded absence from {list_en}."
    next_zh, next_en = "请它们写结果；没有来的，记一笔没有来。", "Ask them to write it, or record who did not come."


class RatedBefore(Refused):
    code, status = "rated_before", 409
    zh, en = "这一份已经评过，评了不改。", "This was rated before; a rating is not changed."
    next_zh, next_en = "对方可以提异议，由区级专班裁定。", "The other side may object; the district office rules."


class NothingToObject(Refused):
    code, status = "nothing_to_object", 409
    zh = "现在没有可以提异议的评价，或者已经提过。"
    en = "There is no rating to object to now, or it was objected to before."
    next_zh, next_en = "双方评完以后，被评的一方可以提一次。", "Once both have rated, the rated side may object once."


class OutsideLinkOver(Refused):
    """A link that was used, revoked, ran out, or whose case has ended (spec 10 §18)."""

    code, status = "outside_link_over", 410
    zh, en = "这个链接不能再用了：{why}。", "This link is over: {why_en}."
    next_zh = "还有话要说，请找把链接发给您的单位，请它再发一个。"
    next_en = "If you still have something to say, ask the body that sent it for another."


class TooFewAttempts(Refused):
    code, status = "too_few_attempts", 409
    zh = "终止要有至少 {least} 天写明日期的联系，没联系上或不愿意配合；现在有 {days} 天。"
    en = "Terminating needs contact notes of at least {least} days, refused or not reached; there are {days}."
    next_zh, next_en = "换一天再联系，记下来。", "Try again on another day, and note it."


class TooManyWebhooks(Refused):
    code, status = "too_many_webhooks", 409
    zh, en = "一个系统最多 {most} 个接收地址。", "A program has at most {most} webhooks."
    next_zh, next_en = "先停掉不用的。", "End one that is no longer used."


class NoSuchCase(Refused):
    code, status = "no_such_case", 422
    zh, en = "没有编号是 {number} 的事件，或者您看不到它。", "There is no case {number}, or it is not yours to see."
    next_zh, next_en = "核对编号，C 开头。", "Check the number; it begins with C."


class TooManyPhotos(Refused):
    code, status = "too_many_photos", 422
    zh = "一件诉求最多 {limit} 张照片，这样就有 {count} 张了。"
    en = "A report has at most {limit} photos; this would make {count}."
    next_zh = "挑最能说明问题的几张，或者先删掉几张。"
    next_en = "Choose those that show it best, or take some back first."


class NotAPicture(Refused):
    code, status = "not_a_picture", 409
    zh, en = "PDF 不公开，只给办事的人看。", "A PDF is never public; only those who handle the matter read it."
    next_zh, next_en = "要公开，请诉求人另传照片。", "To publish it, ask the reporter for a photo."


class NotAgreed(Refused):
    code, status = "not_agreed", 409
    zh = "传照片的人没有同意公开，或者已经把它藏起来了。"
    en = "Its sender has not agreed to publish this photo, or has hidden it."
    next_zh = "在进展里请他同意；他不同意就不公开。"
    next_en = "Ask for consent by a progress note; without it the photo stays sealed."


class HideWindowOver(Refused):
    code, status = "hide_window_over", 409
    zh = "公开满 24 小时，或者现在没有公开，不能自己改、自己藏了。"
    en = "It has been public for 24 hours, or is not public: you cannot amend or hide it by yourself now."
    next_zh = "补充一句说明理由，由审核岗处理；照片随时可以藏。"
    next_en = "Add a word with your reason, and a reviewer decides; a photo can be hidden at any time."


class NotThere(Refused):
    code, status = "passage_not_there", 422
    zh, en = "公开的文字里没有“{passage}”。", "“{passage}” does not stand in the words that are shown."
    next_zh, next_en = "照原样抄下要遮的那几个字。", "Copy the passage exactly as it stands."


class TooLateToCommit(Refused):
    code, status = "too_late_to_commit", 409
    zh, en = "{day} 已经开始，不能再为它约定抽样值。", "{day} has begun: no value can be bound to its draw any more."
    next_zh, next_en = "为明天约定；今天的由平台在零点约定过了。", "Bind tomorrow's; today's was bound at midnight."


class CommittedAlready(Refused):
    code, status = "committed_already", 409
    zh, en = "{day} 的抽样值已经约定，换不了。", "The draw of {day} is bound already; it cannot be changed."
    next_zh, next_en = "抽出来以后连同这个值一起公布。", "The value is published with the draw."


class ValueTooShort(Refused):
    code, status = "value_too_short", 422
    zh = "抽样值要 {least} 到 80 个字，太短会被猜出来。"
    en = "A value has {least} to 80 characters; a short one is guessed."
    next_zh, next_en = "写一句别人想不到的话，或者留空由平台随机生成。", "Write what nobody expects, or leave it empty."


class NotConfidential(Refused):
    code, status = "not_confidential", 409
    zh, en = "这一件不是保密的，没有要解封的。", "This report is not confidential: there is nothing to unseal."
    next_zh = "匿名的没有人可看；可联系的按“看电话”。"
    next_en = "Anonymous holds nobody; an open contact is read on the case."


class AskedBefore(Refused):
    code, status = "asked_before", 409
    zh, en = "您已经申请过，还没有结束。", "You have asked before, and that has not ended."
    next_zh, next_en = "等另一单位决定，或者先收回。", "Wait for the other body, or withdraw it first."


class UnsealingOver(Refused):
    code, status = "unsealing_over", 410
    zh, en = "现在不能看：没有批准，或者 24 小时已经到了。", "Not open: it was not approved, or its 24 hours are over."
    next_zh, next_en = "还必须看，就重新申请。", "If the name must still be known, ask again."


class WhichBody(Refused):
    code, status = "which_body", 422
    zh, en = "解封要说清代表哪一个单位。", "Unsealing is done for one body."
    next_zh, next_en = "换到那个单位的岗位再做。", "Choose your post in that body, and do it again."
