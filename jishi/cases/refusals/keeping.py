"""What is kept closed, covered, drawn or sent: photos, unsealing, samples, programs."""

from jishi.foundation.refusals import Refused


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


class TooManyRecordings(Refused):
    code, status = "too_many_recordings", 422
    zh = "一件诉求最多 {limit} 段录音，这样就有 {count} 段了。"
    en = "A report has at most {limit} recordings; this would make {count}."
    next_zh, next_en = "拣要紧的留下，或者写下来。", "Keep the main ones, or write it down."


class AnonymousHasNoVoice(Refused):
    code, status = "anonymous_has_no_voice", 422
    zh, en = "匿名的不收录音：听声音能认出人。", "An anonymous report takes no recording: a voice tells who speaks."
    next_zh, next_en = "写几个字，或者改选“保密”。", "Write a few words, or choose “Confidential”."


class NothingHeard(Refused):
    code, status = "nothing_said", 422
    zh, en = "录音里没有声音。", "Nothing is heard in this recording."
    next_zh, next_en = "再录一遍，听一下再传；或者写几个字。", "Record it again and listen first; or write a few words."


class NotHeardYet(Refused):
    code, status = "not_heard_yet", 409
    zh = "这一段您还没有听过：先听，再写下来。"
    en = "You have not listened to this recording yet: listen first, then write it down."
    next_zh = "写一句为什么听，按“听这一段”；写的字还在。"
    next_en = "Say in a sentence why you listen, then press “Listen to this one”; what you typed is still there."


class NoLongerHeard(Refused):
    code, status = "recording_gone", 409
    zh = "这段录音已经没有了：本人收回了，或者期满删除了。"
    en = "This recording is gone: its speaker took it back, or its time is over."
    next_zh = "不用听写了，您写的没有存。要紧的，打电话问本人。"
    next_en = "Nothing is to be written down, and nothing you typed was kept. If it matters, call the speaker."


class WrittenDown(Refused):
    code, status = "recording_written", 409
    zh = "这段录音现在不用这一步：还没有听写，或者已经写好、核对过了。"
    en = "Not now: this recording is not written down yet, or it was written and confirmed before."
    next_zh, next_en = "刷新看一眼；有话可以再补一句。", "Look at it again; more can always be added."


class TooManyBrought(Refused):
    code, status = "too_many_brought", 422
    zh, en = "一条最多带 {limit} 张照片，这张没有收。", "A row has {limit} photos at most; this one was not taken."
    next_zh = "先收下的都在。这张不用再发，可以不要它。"
    next_en = "Those taken before are kept. Do not send this one again; it may go."


class NotAPicture(Refused):
    code, status = "not_a_picture", 409
    zh, en = "PDF 不公开，只给办事的人看。", "A PDF is never public; only those who handle the matter read it."
    next_zh, next_en = "要公开，请传的人另传照片。", "To publish it, ask its sender for a photo."


class NoPublicWords(Refused):
    code, status = "no_public_words", 409
    zh = "这份答复没有给大家看的话，照片不单独公开。"
    en = "This reply has no public words; its photo is not shown alone."
    next_zh = "还在审核的，退回去请承办单位补上给大家看的话。"
    next_en = "While it is under review, send it back and ask the body for public words."


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
