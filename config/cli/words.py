"""Which words there are. Each word's module is imported only when it is said: `jishi help` costs nothing."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

WORDS: Mapping[str, tuple[str, str, str]] = {
    "up": ("config.cli.serving:up", "启动整个平台", "start the whole platform"),
    "worker": ("config.cli.serving:worker", "只启动后台进程", "start the background process only"),
    "migrate": ("config.cli.serving:migrate", "更新数据库结构", "bring the database schema up to date"),
    "found": ("config.cli.founding:main", "建一个市镇", "found a town"),
    "import": ("config.cli.importing:main", "导入热线文件", "take a hotline file in"),
    "divisions": ("config.cli.places:divisions", "载入全国区划", "load the national division table"),
    "grids": ("config.cli.places:grids", "导入网格", "import grids"),
    "gridplan": ("config.cli.gridplan:main", "划分网格", "divide units into grids, or prove that nobody can"),
    "gridplan-many": ("config.cli.gridplan_many:main", "许多社区一起划分", "divide many communities at once"),
    "locate": ("config.cli.places:locate", "批量定位", "locate points"),
    "backup": ("config.cli.keeping:backup", "备份", "keep a copy"),
    "restore": ("config.cli.keeping:restore", "恢复", "bring a copy back"),
    "retention": ("config.cli.retaining:main", "保存期：列出或删除到期的", "list or delete what has ended"),
    "verify": ("config.cli.keeping:verify", "核验留痕", "verify the trail, or a bundle"),
    "sample": ("config.cli.sampling:main", "重抽回访样本", "draw the sample of a day again"),
    "bundle": ("config.cli.keeping:bundle", "导出可核验的留痕包", "write a bundle that strangers can verify"),
    "anchor": ("config.cli.keeping:anchor", "做今天的日根", "make today's anchor"),
    "keys": ("config.cli.broker:main", "钥匙服务（另一个账户或机器）", "the key broker, under another account"),
    "program": ("config.cli.programs:main", "外部程序的密钥", "keys of strangers' programs (Open311)"),
    "upgrade": ("config.cli.keeping:upgrade", "升级数据库大版本", "bring the data to another version of PostgreSQL"),
    "mirror": ("config.cli.keeping:mirror", "记下别处留存的日根", "note that an anchor is kept elsewhere"),
    "clock": ("config.cli.keeping:clock", "时钟可不可信", "whether the clock is trusted; --right: it is right now"),
    "quality": ("config.cli.quality:main", "量判事项、相似、去标识的好坏", "measure how good the stages are"),
    "breach": ("config.cli.breach:main", "泄露处置：看过谁", "whose fields an account or a key opened"),
    "sbom": ("config.cli.parts:sbom", "组成清单", "the list of parts"),
    "editions": ("config.cli.parts:editions", "没有核对过的制度", "institutions that nobody has verified"),
    "build": ("config.cli.parts:build", "做发布包", "write the archive of this release"),
    "check": ("config.cli.checking:main", "静态检查制度与部署", "check institutions and the installation"),
    "pictures": ("config.cli.checking:pictures", "重画状态图和手册的图", "redraw the pictures of states and guides"),
    "bench": ("benchmarks.run:main", "测量", "measure"),
    "shell": ("config.cli.serving:shell", "交互式环境", "an interactive shell"),
    "manage": ("config.cli.serving:manage", "Django 管理命令", "a management command of Django"),
    "compile-messages": ("config.cli.checking:compile_messages", "编译译文", "compile the words"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one word; gives the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("help", "-h", "--help"):
        return _help()
    if args[0] not in WORDS:
        print(f"没有“{args[0]}”这个命令。 There is no word “{args[0]}”.", file=sys.stderr)
        _help()
        return 2
    module, name = WORDS[args[0]][0].split(":")
    return int(getattr(import_module(module), name)(args[1:]) or 0)


def _help() -> int:
    print("用法 · usage: jishi WORD …\n")
    for word, (_, zh, en) in WORDS.items():
        print(f"  {word:18}{zh} · {en}")
    return 0
