"""check, pictures, compile-messages."""

import sys
from collections.abc import Sequence
from pathlib import Path

from config.cli.standing import BASE


def compile_messages(argv: Sequence[str]) -> int:
    """Compile the words of all rooms."""
    from jishi.portal import words_compile

    counts = words_compile.compile_words(BASE, BASE / ".jishi/locale")
    if "-v" in argv:
        print(counts)
    return 0


def main(argv: Sequence[str]) -> int:
    """Check every procedure and calendar under institutions/, and that nothing of ours asks for forbidden forms.

    ``--deploy``: this installation instead; ``trust``: the figures of trust. Each gives 0 only if all is well.
    """
    if "--deploy" in argv:
        from config.cli import deploying

        return deploying.main([one for one in argv if one != "--deploy"])
    if argv[:1] == ["trust"]:
        from config.cli import trusting

        return trusting.main(argv[1:])
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
    """Draw the state pictures from the tables, and take those of the guides: `states`, `guide [ROLE]`, or both."""
    if argv[:1] != ["guide"]:
        _draw_states()
    if argv[:1] != ["states"]:
        from tests import guide_pictures

        return guide_pictures.main(argv[1:])
    return 0


def _draw_states() -> None:
    from jishi.kernels import procedure

    for path in sorted((BASE / "institutions/procedures").glob("*.toml")):
        table = procedure.parse(path.read_text(encoding="utf-8"))
        for name, text in procedure.pictures(table).items():
            (BASE / "docs/states" / name).write_text(text, encoding="utf-8")
        print(path.stem)
