"""Why the embedded database is not there: one code, one sentence in Chinese, one in English.

The sentences live here and not in the gettext catalogues, because the supervisor runs before any setting
is read.
"""

from __future__ import annotations


class DatabaseUnavailable(Exception):
    """This will tell the person at the machine, in one sentence per language, what is wrong and what to
    do."""

    def __init__(self, code: str, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(f"{code}: {sentence_zh} {sentence_en}")
        self.code = code
        self.sentence_zh = sentence_zh
        self.sentence_en = sentence_en

    def __reduce__(self) -> tuple[type[DatabaseUnavailable], tuple[str, str, str]]:
        return type(self), (self.code, self.sentence_zh, self.sentence_en)


SENTENCES: dict[str, tuple[str, str]] = {
    "folder_not_writable": (
        "数据库目录“{folder}”不能写入,已有数据未改动;请改正目录权限,或用 --data 指定别的目录。",
        'The database folder "{folder}" cannot be written, nothing in it was changed; '
        "correct its permissions or name another folder with --data.",
    ),
    "folder_of_another_user": (
        "数据库目录“{folder}”属于另一个系统账号({owner}),请用该账号启动,或用 --data 指定别的目录。",
        'The database folder "{folder}" belongs to another account ({owner}); start as that account '
        "or name another folder with --data.",
    ),
    "folder_unreachable": (
        "系统账号“{account}”进不了已有数据的目录“{folder}”;请把目录移到该账号可到达的位置,数据未改动。",
        'The account "{account}" cannot reach the existing data in "{folder}"; '
        "move the folder to where it can, nothing was changed.",
    ),
    "throwaway_folder": (
        "目录“{folder}”的用途不符:试验数据库与正式数据库不能共用一个目录,请另选目录。",
        'The folder "{folder}" was made for the other purpose: a throwaway database and a '
        "real one never share "
        "a folder; choose another.",
    ),
    "no_space": (
        "磁盘空间不足,“{folder}”至少需要 {needed} MiB,现有 {free} MiB;请腾出空间后重试,已有数据未改动。",
        'The disk is full: "{folder}" needs at least {needed} MiB and has {free} MiB; '
        "free some space and start again, existing data was not changed.",
    ),
    "binaries_missing": (
        "找不到 PostgreSQL 程序({where});请重新安装依赖,或用 JISHI_PG_BIN 指定程序目录。",
        "The PostgreSQL programs were not found ({where}); install the dependencies again "
        "or name their folder "
        "with JISHI_PG_BIN.",
    ),
    "binaries_do_not_run": (
        "PostgreSQL 程序在本机不能运行({where}:{reason});请用 JISHI_PG_BIN 指定适合本机的程序目录。",
        "The PostgreSQL programs do not run on this machine ({where}: {reason}); name programs made for it "
        "with JISHI_PG_BIN.",
    ),
    "version_too_old": (
        "PostgreSQL {found} 过旧,需要 15 或更新版本;请改用更新的程序目录 JISHI_PG_BIN。",
        "PostgreSQL {found} is too old, 15 or newer is needed; set JISHI_PG_BIN to newer programs.",
    ),
    "data_of_another_version": (
        "这是 PostgreSQL {data} 的数据,现有程序是 {programs} 版;请用 JISHI_PG_BIN 指定 "
        "{data} 版程序,数据未改动。",
        "Data of PostgreSQL {data}, programs of {programs}; set JISHI_PG_BIN or install version {data}, "
        "nothing was changed.",
    ),
    "data_damaged": (
        "数据库目录“{folder}”不完整({reason}),未做任何改动;请从备份恢复。",
        'The database folder "{folder}" is not whole ({reason}), nothing was changed; restore from a backup.',
    ),
    "account_unknown": (
        "系统中没有可用的普通账号“{account}”;请用 JISHI_PG_USER 指定一个已有的普通账号。",
        'There is no unprivileged account "{account}" on this machine; name an existing '
        "one with JISHI_PG_USER.",
    ),
    "account_nameless": (
        "当前系统账号编号 {uid} 在系统中没有名字,数据库无法初始化;请为它登记账号名,或换一个账号运行。",
        "The account number {uid} has no name on this machine, so the database cannot be initialised; "
        "give it a name or run as another account.",
    ),
    "account_cannot_change": (
        "不能切换到普通账号“{account}”运行数据库({reason});请直接用普通账号启动。",
        'The database cannot be run as the account "{account}" ({reason}); start as an unprivileged account.',
    ),
    "socket_folder_foreign": (
        "通信目录“{folder}”属于别的账号或不是目录,为安全起见不使用;请删除它,或设置 XDG_RUNTIME_DIR。",
        'The socket folder "{folder}" belongs to another account or is no folder and is '
        "not used, for safety; "
        "remove it or set XDG_RUNTIME_DIR.",
    ),
    "start_in_progress": (
        "另一个进程正在启动或停止这个数据库,等了 {seconds} 秒仍未完成;请稍后再试。",
        "Another process is starting or stopping this database and did not finish within {seconds} s; "
        "try again later.",
    ),
    "held_elsewhere": (
        "数据库目录“{folder}”正被别处(例如另一个容器)的数据库进程使用,请先在那里停止它。",
        'The database folder "{folder}" is in use by a database process elsewhere '
        "(another container, perhaps); "
        "stop it there first.",
    ),
    "start_failed": (
        "数据库未能启动:{reason}。日志在“{log}”,数据未改动。",
        'The database did not start: {reason}. The log is "{log}", the data was not changed.',
    ),
    "start_too_slow": (
        "数据库 {seconds} 秒内未就绪(可能仍在恢复),请稍后再试;日志在“{log}”。",
        "The database was not ready within {seconds} s (it may still be recovering); try again later. "
        'The log is "{log}".',
    ),
    "initdb_failed": (
        "数据库初始化失败:{reason}。没有留下半成品,请改正后重试。",
        "The database could not be initialised: {reason}. Nothing half made was kept; "
        "correct it and try again.",
    ),
    "self_test_failed": (
        "数据库自检未通过({reason}),不予使用,没有留下半成品。",
        "The new database failed its self test ({reason}) and is not used; nothing half made was kept.",
    ),
    "not_stopped": (
        "数据库进程 {pid} 未能停止,请检查后再试。",
        "The database process {pid} did not stop; look at it and try again.",
    ),
    "no_database": (
        "目录“{folder}”里没有数据库。",
        'There is no database in the folder "{folder}".',
    ),
    "backup_folder_not_empty": (
        "备份位置“{folder}”已有内容,为免覆盖未做备份;请换一个新位置。",
        'The backup place "{folder}" is not empty and was not overwritten; choose a new one.',
    ),
    "backup_failed": (
        "备份未完成:{reason}。没有留下半份备份。",
        "The backup was not finished: {reason}. No half backup was kept.",
    ),
    "backup_not_whole": (
        "“{folder}”不是完整的备份({reason}),未做恢复,现有数据未改动。",
        '"{folder}" is not a whole backup ({reason}); nothing was restored, the present '
        "data was not changed.",
    ),
    "restore_failed": (
        "恢复未完成:{reason}。现有数据未改动。",
        "The restore was not finished: {reason}. The present data was not changed.",
    ),
    "upgrade_failed": (
        "升级未完成:{reason}。原来的数据没有动,用原来的程序照常启动。",
        "The upgrade was not finished: {reason}. The old data stands as it was; the old programs start it.",
    ),
}


def unavailable(code: str, **facts: object) -> DatabaseUnavailable:
    """This will make the named refusal with its facts put into both sentences."""
    zh, en = SENTENCES[code]
    return DatabaseUnavailable(code, zh.format(**facts), en.format(**facts))
