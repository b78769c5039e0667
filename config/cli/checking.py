"""check, pictures, compile-messages."""

import sys
from collections.abc import Sequence
from pathlib import Path

from config.cli.standing import BASE

CHECKS = """./dev check            静态检查 · ruff, mypy, imports, institutions
./dev check trust      信任的二十个数 · the figures of trust (--full, --anew, F1 … F20)
./dev check lines      删掉要紧的一行，有没有测试发现 · important lines removed one by one
./dev jishi check --deploy   这套安装能不能给人用 · is this installation ready for people"""


def compile_messages(argv: Sequence[str]) -> int:
    """Compile the words of all rooms."""
    from jishi.portal import words_compile

    counts = words_compile.compile_words(BASE, BASE / ".jishi/locale")
    if "-v" in argv:
        print(counts)
    return 0


def main(argv: Sequence[str]) -> int:
    """Check every procedure and calendar under institutions/, and that nothing of ours asks for forbidden forms.

    ``--deploy``: this installation instead; ``trust``: the figures of trust. Each gives 0 only if all is well, and
    2 for a name that nobody knows: a check that does not exist has found nothing.
    """
    if "--deploy" in argv:
        from config.cli import deploying

        return deploying.main([one for one in argv if one != "--deploy"])
    if argv[:1] == ["trust"]:
        from config.cli import trusting

        return trusting.main(argv[1:])
    if argv:
        asked = argv[0] in ("-h", "--help")
        if not asked:
            print(f"没有“{argv[0]}”这项检查。 There is no check “{argv[0]}”.", file=sys.stderr)
        print(CHECKS, file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    from jishi.kernels import procedure, worktime

    findings = []
    for path in sorted((BASE / "institutions/procedures").glob("*.toml")):
        findings += [f"{path.name}: {f}" for f in procedure.check(procedure.parse(path.read_text(encoding="utf-8")))]
    for path in sorted((BASE / "institutions/calendars").glob("cn-*.toml")):
        worktime.parse_year(path.read_text(encoding="utf-8"))
    findings += list(formalism(BASE))
    for line in findings:
        print(line, file=sys.stderr)
    print(f"institutions: {len(findings)} findings")
    return 1 if findings else 0


FORBIDDEN = ("打卡", "签到", "积分", "排名", "在线时长", "登录时长", "点赞数", "截图上传", "人脸")


def formalism(base: Path) -> list[str]:
    """Find templates and procedures of ours that ask for what red line 5 forbids (国办函〔2026〕12号)."""
    found = []
    for path in [*base.glob("institutions/procedures/*.toml"), *base.glob("jishi/*/templates/**/*.html")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            words = [w for w in FORBIDDEN if w in line]
            denies = any(no in line for no in ("不", "没有", "never", "no "))
            if words and not denies:
                found.append(f"{path.relative_to(base)}:{number}: {'、'.join(words)}")
    return found


def pictures(argv: Sequence[str]) -> int:
    """Draw the state pictures from the tables, and take those of the guides: `states`, `guide [ROLE]`, or both.

    A name that nobody knows is refused before anything is drawn.
    """
    from tests import guide_pictures

    unknown = guide_pictures.unknown(argv[1:]) if argv[:1] == ["guide"] else [] if argv in ([], ["states"]) else argv
    if unknown:
        asked = any(one in ("-h", "--help") for one in argv)
        if not asked:
            print(f"没有 · there is no: {', '.join(unknown)}", file=sys.stderr)
        roles = ", ".join(sorted({scene.role for scene in guide_pictures.SCENES}))
        print(f"./dev pictures [states | guide [ROLE]]\nROLE: {roles}", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    if argv[:1] != ["guide"]:
        _draw_states()
    if argv[:1] != ["states"]:
        return guide_pictures.main(argv[1:])
    return 0


def _draw_states() -> None:
    from jishi.kernels import procedure

    for path in sorted((BASE / "institutions/procedures").glob("*.toml")):
        table = procedure.parse(path.read_text(encoding="utf-8"))
        for name, text in procedure.pictures(table).items():
            (BASE / "docs/states" / name).write_text(text, encoding="utf-8")
        print(path.stem)
