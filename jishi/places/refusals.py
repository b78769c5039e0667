"""What this room says no to, with the sentence and the next step (spec 20 §§10–11)."""

from typing import Any

from jishi.foundation.refusals import Invalid, Refused


class UnknownDatum(Refused):
    code, status = "unknown_datum", 422
    zh, en = "坐标没有说明坐标系：“{crs}”。", "The coordinates come without a known system: “{crs}”."
    next_zh = "请注明 cgcs2000、wgs84、gcj02 或 bd09；差别可达数百米，平台不猜。"
    next_en = "Say cgcs2000, wgs84, gcj02 or bd09; they differ by hundreds of metres, so nobody guesses."


class SwappedAxes(Refused):
    code, status = "swapped_axes", 422
    zh, en = "经度和纬度像是写反了。", "Longitude and latitude seem to be swapped."
    next_zh, next_en = "应当是经度 {lng}、纬度 {lat}。", "It should read longitude {lng}, latitude {lat}."


class NoEditionYet(Refused):
    code, status = "no_edition_yet", 404
    zh, en = "{day} 时还没有网格版本。", "No grid edition was in force on {day}."
    next_zh, next_en = "最早的一天是 {first}。", "The first day known is {first}."


class EditionsOverlap(Refused):
    code, status = "editions_overlap", 409
    zh = "{division} 的第 {number} 版网格（{span}）与要启用的一版（{wanted}）时间重叠。"
    en = "Edition {number} of {division} ({span}) overlaps the one to be adopted ({wanted})."
    next_zh = "先定好旧版哪天停用，或换一个启用日。"
    next_en = "Settle on which day the old edition ends, or choose another day."


class GridsHaveFaults(Refused):
    code, status = "grids_have_faults", 409
    zh, en = "网格数据有 {count} 处必须先改：{first}", "The grids have {count} faults that must be cured first: {first}"
    next_zh = "逐条改好再导入；一处都不会先存。"
    next_en = "Cure each of them and import again; nothing was stored."


class NotAPartition(Refused):
    code, status = "not_a_partition", 409
    zh = "存下后复核没有通过，这一版没有启用：{where}"
    en = "The stored edition failed the partition test and was not kept: {where}"
    next_zh, next_en = "请核对该处边界后重新导入。", "Check the border there and import again."


class GroundAlreadyServed(Refused):
    code, status = "ground_already_served", 409
    zh = "专属网格“{special}”压在网格“{general}”上，重叠 {area_m2} 平方米。"
    en = "The special grid {special} lies on grid {general}: {area_m2} m² overlap."
    next_zh = "先从“{general}”里切出这块地（切法随附）。"
    next_en = "Cut this ground out of {general} first (the cut is enclosed)."


class SpecialGridWithoutOwner(Refused):
    code, status = "special_grid_without_owner", 422
    zh = "专属网格“{grid}”没有写明由哪个单位负责。"
    en = "The special grid {grid} names no body that answers for it."
    next_zh, next_en = "补上单位代码 owner_ref。", "Add the code of the body as owner_ref."


class EffectiveInThePast(Refused):
    code, status = "effective_in_the_past", 422
    zh, en = "启用日 {day} 已经过去。", "The day {day} is past."
    next_zh, next_en = "网格从今天或以后的一天启用。", "An edition takes force today or later."


class GridCodeTaken(Refused):
    code, status = "grid_code_taken", 409
    zh, en = "网格代码 {grid} 属于另一个社区。", "The grid code {grid} belongs to another community."
    next_zh, next_en = "请核对代码前 12 位。", "Check the first 12 digits of the code."


class TableRefused(Refused):
    code, status = "division_table_refused", 422
    zh, en = "区划表没有载入：{why}", "The division table was not taken in: {why_en}"
    next_zh, next_en = "什么都没有改；请换一份完整的文件再来。", "Nothing was changed; bring a complete file."


class UnknownDivision(Refused):
    code, status = "unknown_division", 404
    zh, en = "没有代码为 {division} 的区划。", "There is no division with the code {division}."
    next_zh, next_en = "请核对 12 位代码；9 位代码请写明级别。", "Check the 12 digits; say the level of a shorter code."


class TooManyRows(Refused):
    code, status = "too_many_rows", 413
    zh, en = "一次最多 {limit} 行，收到 {count} 行。", "At most {limit} rows at once; {count} came."
    next_zh, next_en = "请分几次，或用命令 jishi locate。", "Send them in parts, or use the command jishi locate."


class GroundFileRefused(Refused):
    code, status = "ground_file_refused", 422
    zh, en = "这个文件没有收：{why}。", "The file was not taken: {why_en}."
    next_zh = "收 GeoJSON、GeoJSON 行、打成 zip 的 Shapefile、GeoPackage、Excel、CSV；什么都没有存。"
    next_en = "GeoJSON, GeoJSON lines, zipped Shapefile, GeoPackage, Excel and CSV are taken; nothing was stored."


class ImportIsOver(Refused):
    code, status = "import_is_over", 409
    zh, en = "这个文件{state}，不能再动。", "This file is {state_en}; it cannot be taken again."
    next_zh, next_en = "需要改动时，请重新导入一个文件。", "Bring another file for another change."


class ReportHasChanged(Refused):
    code, status = "report_has_changed", 409
    zh = "核对之后地面有了变动，结果和当时的报告不一样了。"
    en = "The ground has changed since the check, and the report with it."
    next_zh, next_en = "请重新核对同一个文件。", "Check the same file once more."


class BorderNotMoved(Refused):
    code, status = "border_not_moved", 422
    zh, en = "这段边界不能这样挪：{why}。", "The border cannot be moved so: {why_en}."
    next_zh, next_en = "重画要挪的那一块，再试一次。", "Draw the piece anew and try again."


class NothingToPlan(Refused):
    code, status = "nothing_to_plan", 409
    zh = "{community} 还没有写明户数的小区或楼栋，不能算方案。"
    en = "{community} has no compound or building with households yet: nothing can be planned."
    next_zh, next_en = "先导入小区和户数。", "Bring in compounds with their households first."


class PlanRulesMakeNoSense(Refused):
    code, status = "plan_rules_make_no_sense", 422
    zh, en = "规则里有一处不对：{what}。", "One of the rules makes no sense: {what_en}."
    next_zh, next_en = "改好这一处再算，别的都还在。", "Correct it and ask again; the rest is kept."


class RunNotReady(Refused):
    code, status = "plan_not_ready", 409
    zh, en = "这次计算还没有算完，或者已经停下。", "This calculation is not finished, or was stopped."
    next_zh, next_en = "等它算完，或者重新算一次。", "Wait for it, or ask for another."


class PlanHasFaults(Refused):
    code, status = "plan_has_faults", 409
    zh, en = "核查发现 {count} 处毛病，不能采用：{first}", "The audit found {count} faults: {first}"
    next_zh, next_en = "换一个区间，或按给出的放宽办法重算。", "Take another band, or plan again with a relaxation."


class PlanBaseReplaced(Refused):
    code, status = "plan_base_replaced", 409
    zh = "这份方案是照另一版网格算的，那一版之后又定了新的一版。"
    en = "This plan was calculated from another edition of grids; a newer one has been adopted since."
    next_zh, next_en = "按新的一版重新计算一次。", "Calculate it again from the newer one."


class FileOfFaultyPlan(Refused):
    code, status = "file_of_faulty_plan", 409
    mark = "jishi:faulty_plan"  # the member of a FeatureCollection that an export of such a plan carries
    zh, en = "这个文件是一份没有通过核查的方案。", "This file is a plan that the audit did not pass."
    next_zh, next_en = "回到方案台，换一种算法再算。", "Go back to the desk of plans and calculate another."


class PlanOpenAlready(Refused):
    code, status = "plan_open_already", 409
    zh, en = "这个社区已经有一份方案在走。", "A plan of this community is on its way already."
    next_zh, next_en = "先办完或撤回那一份。", "Finish or withdraw that one first."


class ObjectionsOpen(Refused):
    code, status = "objections_open", 409
    zh, en = "还有 {count} 条异议没有答复。", "{count} objections are not answered yet."
    next_zh, next_en = "一条一条答复以后再结束公示。", "Answer each of them first."


class ObjectionWasRight(Refused):
    code, status = "objection_was_right", 409
    zh, en = "有 {count} 条异议成立，方案还没有改。", "{count} objections were right, and the plan is unchanged."
    next_zh, next_en = "先按异议改，再公示一次。", "Change the plan and publish it once more."


class NoticeStillRuns(Refused):
    code, status = "notice_still_runs", 409
    zh, en = "公示到 {day} 才结束。", "The notice runs until {day}."
    next_zh, next_en = "期满以后再办。", "Come back when its days are over."


class NoticeIsOver(Refused):
    code, status = "notice_is_over", 409
    zh, en = "公示在 {day} 已经结束。", "The notice ended on {day}."
    next_zh, next_en = "可以向社区或街道当面说。", "Speak to the community or the street."


class NotComparable(Refused):
    code, status = "not_comparable", 409
    zh = "这两份方案不是同一个社区、同一时候的楼，不能放在一起比。"
    en = "These two plans are of other communities, or of the ground of another moment: they cannot be compared."
    next_zh, next_en = "选同一个社区、同一批算出来的两份。", "Choose two that were calculated together."


class SaidEnough(Refused):
    code, status = "said_enough", 409
    zh = "您对这份方案已经提了 {most} 条意见，到了一个人的上限。"
    en = "You have made {most} objections to this plan, as many as one person may."
    next_zh = "每一条都会有答复；还有话说，请向社区或街道当面说。"
    next_en = "Each of them will be answered; say what is left to the community or the street."


class SaidEnoughToday(Refused):
    code, status = "said_enough_today", 409
    zh = "没有登录的人今天对这份方案已经提了 {most} 条意见，今天收满了。"
    en = "Today {most} objections to this plan came from people who are not signed in; no more are taken from them."
    next_zh, next_en = "请登录以后再提，或者明天再来。", "Sign in and say it, or come back tomorrow."


class TooSoon(Refused):
    code, status = "too_soon", 422
    zh, en = "最早 {day}。", "{day} at the earliest."
    next_zh, next_en = "换一个更晚的日子。", "Choose a later day."


class WordsNeeded(Refused):
    code, status = "words_needed", 422
    zh, en = "请写明{what}，{least} 到 {most} 个字。", "Please say {what_en}, in {least} to {most} characters."
    next_zh, next_en = "写好再提交。", "Write it and try again."


class UnknownUnit(Refused):
    code, status = "unknown_unit", 422
    zh, en = "方案里没有这个地址或网格。", "The plan has no such address or grid."
    next_zh, next_en = "从方案的表里选。", "Choose from the table of the plan."


class CrossingOffBarrier(Refused):
    code, status = "crossing_off_barrier", 422
    zh = "通道“{crossing}”离屏障“{barrier}”有 {metres} 米。"
    en = "{crossing} lies {metres} m off the barrier {barrier}."
    next_zh, next_en = "通道要在屏障上，最多偏 15 米；请核对坐标。", "A crossing lies on its barrier, within 15 m."


class ProposalIsSettled(Refused):
    code, status = "proposal_is_settled", 409
    zh, en = "“{name}”这个叫法已经审过了。", "The name “{name}” has been settled already."
    next_zh, next_en = "还要改的话，请另提一次。", "Propose it anew to change it."


class NameIsKnown(Refused):
    code, status = "name_is_known", 409
    zh, en = "“{name}”这个叫法已经有了。", "The name “{name}” is there already."
    next_zh, next_en = "不用再提；搜一下就能找到。", "There is nothing to propose; a search finds it."


class FloorsTaken(Refused):
    code, status = "floors_taken", 409
    zh, en = "“{building}”的这几层已经属于别的网格。", "These floors of {building} belong to another grid already."
    next_zh, next_en = "一层只归一个网格；请先核对楼层。", "A floor belongs to one grid; check the floors first."


class NotOfThisGrid(Refused):
    code, status = "not_of_this_grid", 409
    zh, en = "“{building}”不在 {grid} 网格里。", "{building} is not in grid {grid}."
    next_zh, next_en = "微网格只取一个网格里的楼和单元门。", "A micro-grid takes houses and doors of one grid alone."


class InMicroGrid(Refused):
    code, status = "in_micro_grid", 409
    zh, en = "“{building}”已经在微网格 {micro} 里。", "{building} is in micro-grid {micro} already."
    next_zh, next_en = "先撤掉那个微网格，再重新划。", "End that micro-grid first, then draw anew."


class MicroGridNotDrawn(Refused):
    code, status = "micro_grid_not_drawn", 409
    zh, en = "微网格没有划：{why}。", "The micro-grid was not drawn: {why_en}."
    next_zh = "一个微网格只在一个网格里，两个微网格不重叠；把边界改了再划。"
    next_en = "A micro-grid lies in one grid and overlaps no other; change its border and draw again."


class MicroNumbersSpent(Refused):
    code, status = "micro_numbers_spent", 409
    zh = "{grid} 网格的微网格编号 01 到 {most} 都用过了，不重复给。"
    en = "The micro-grid numbers 01 to {most} of grid {grid} are all spent; none is given twice."
    next_zh = "下一次网格版本给这片地一个新的网格编号，再在新网格里划。"
    next_en = "Give this ground a new grid number in the next edition, then draw in that grid."


class OutsideItsCompound(Refused):
    code, status = "outside_its_compound", 422
    zh = "“{name}”在小区“{compound}”外面 {metres} 米。"
    en = "{name} lies {metres} m outside the compound {compound}."
    next_zh = "核对坐标；确实在外面的，写一句为什么。"
    next_en = "Check the coordinates; if it does lie outside, write one sentence why."


class OutsideItsArea(Refused):
    code, status = "outside_its_area", 422
    zh, en = "“{name}”的位置不在这一片的地面上。", "{name} would lie outside the ground of its area."
    next_zh = "核对经度、纬度和坐标系；确实在别处的，由那边的社区或领导小组办公室登记。"
    next_en = "Check the coordinates and their system; what lies elsewhere is registered by those who keep it."


class DayDoesNotFit(Invalid):
    code = "day_does_not_fit"
    zh = "写的是 {day}，只能写 {first} 到 {last} 之间的一天。"
    en = "{day} was written; only a day from {first} to {last} fits."
    next_zh, next_en = "换一个日子再提交。", "Choose another day and send again."


class ReasonMissing(Invalid):
    code = "reason_missing"
    zh, en = "没有写为什么不再有。", "Nobody said why it is no more."
    next_zh, next_en = "写一句再提交。", "Write one sentence and send again."


class FieldDoesNotFit(Invalid):
    """`field` is the code, for programs; the sentence calls it as the form does."""

    code = "field_does_not_fit"
    zh, en = "“{field_zh}”写成“{value}”，收不下。", "“{field_en}” does not take “{value}”."
    next_zh, next_en = "换一个写法再提交。", "Write it another way and send again."

    def __init__(self, **facts: Any) -> None:
        zh, en = _FIELDS.get(str(facts.get("field")), (str(facts.get("field")),) * 2)
        super().__init__(field_zh=zh, field_en=en, **facts)


_FIELDS = {
    "name": ("名称", "name"), "aliases": ("别的叫法", "other names"), "kind": ("是什么", "kind"),
    "built_year": ("哪年建的", "year built"), "households_planned": ("规划户数", "households planned"),
    "floors_up": ("地上几层", "floors above ground"), "units": ("几个单元", "stairwells"), "foot": ("走人", "on foot"),
    "car": ("走车", "by car"), "step_free": ("台阶", "steps"), "hours": ("开放时间", "opening hours"),
    "use": ("做什么用", "use"), "point": ("位置", "position"),
}  # fmt: skip


class ChoiceUnknown(Invalid):
    code = "choice_unknown"
    zh, en = "没有“{value}”这一项。", "There is no choice “{value}”."
    next_zh, next_en = "从列出的里面选一个。", "Take one of those listed."


class DoorsDoNotFit(Invalid):
    code = "doors_do_not_fit"
    zh = "{units} 个单元、{low} 到 {high} 楼、每层 {doors} 户，登记不了。"
    en = "{units} stairwells, floors {low} to {high}, {doors} doors on each: this cannot be registered."
    next_zh = "单元、楼层、户数都要有；一次最多 {most} 个户室。"
    next_en = "Each number must be there; at most {most} dwellings are registered at once."


class HouseholdsDoNotFit(Invalid):
    code = "households_do_not_fit"
    zh, en = "一个户室写 0 到 {most} 户，写的是 {count}。", "A door has 0 to {most} households; {count} was written."
    next_zh, next_en = "改好户数再提交。", "Correct the number and send again."


class DoorsAreThere(Refused):
    code, status = "doors_are_there", 409
    zh = "{unit} 单元 {floor} 楼的户室已经登记过。"
    en = "The dwellings of unit {unit}, floor {floor} are registered already."
    next_zh, next_en = "只登记还没有登记的楼层。", "Register the floors that are missing only."


class GoneAlready(Refused):
    code, status = "gone_already", 409
    zh, en = "“{name}”从 {day} 起已经没有了。", "{name} is gone since {day}."
    next_zh = "已经没有的不再改；以前的日子问起来还有。"
    next_en = "What is gone is not changed; its former days keep it."


class WalkNetHasFaults(Refused):
    code, status = "walk_net_has_faults", 409
    zh, en = "这份步行网还有必须改的地方。", "This net of ways has faults that must be mended."
    next_zh, next_en = "改好文件再核对一次。", "Mend the file and check it once more."


class AnotherEdition(Refused):
    code, status = "another_edition", 404
    zh, en = "没有“{asked}”这一版地面了。", "There is no edition “{asked}” of the ground any more."
    next_zh, next_en = "现在的一版是 {edition}；在 /tiles 里看。", "It is {edition} now; see /tiles."


class TooManyToGive(Refused):
    code, status = "too_many_to_give", 413
    zh, en = "这一层超过 {limit} 行。", "This layer has more than {limit} rows."
    next_zh, next_en = "加上 division，一个社区或街道一次。", "Name a division: one community or street at a time."


class CodeIsTaken(Refused):
    code, status = "code_is_taken", 409
    zh, en = "“{scheme}”的编码 {code} 已经是网格 {grid}。", "The code {code} of “{scheme}” is grid {grid} already."
    next_zh, next_en = "先把原来那一条停用，再写新的。", "End that row first, then write the new one."


class WhichScheme(Refused):
    code, status = "which_scheme", 409
    zh = "编码 {code} 在几套编码里指不同的网格：{schemes}。"
    en = "The code {code} is another grid in each of: {schemes}."
    next_zh, next_en = "加上 scheme，说清是哪一套。", "Say which one is meant: scheme."


class WorkloadDoesNotFit(Invalid):
    code = "workload_does_not_fit"
    zh, en = "工作量收不下：{what}。", "This workload cannot be taken: {what}."
    next_zh = "种类见 institutions/rules/workloads.toml；按整月，件数是不小于 0 的整数。"
    next_en = "Kinds stand in institutions/rules/workloads.toml; whole months, whole counts from 0 on."


class UnknownHouse(Refused):
    code, status = "unknown_house", 422
    zh, en = "没有编号为 {house} 的楼栋或小区。", "There is no building or compound {house}."
    next_zh = "楼栋写 b 加编号，小区写 c 加编号。"
    next_en = "A building is b and its number, a compound c and its number."
