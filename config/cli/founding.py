"""found: a real town, empty, and the first four people who set it up. Their passwords are printed once."""

from collections.abc import Sequence

from config.cli.serving import migrate
from config.cli.standing import parser, stand


def main(argv: Sequence[str]) -> int:
    """Found a town; exit code 1 and one sentence where it cannot be."""
    flags = parser("found", "Found a town: its row, the leading group office, three administrators and a head.")
    flags.add_argument("code", help="six digits of its division")
    flags.add_argument("name", help="as people call it")
    flags.add_argument("--name-en", default="")
    flags.add_argument("--host", action="append", default=[], required=True, help="a name it answers by")
    flags.add_argument("--zone", default="Asia/Shanghai")
    given = flags.parse_args(argv)
    migrate(["--data", given.data])  # the first word that an empty folder hears
    stand(given.data, role="owner")
    from django.utils import timezone

    from jishi.foundation.refusals import Refused
    from jishi.portal import starting

    try:
        people = starting.begin(
            given.code, given.name, given.host, now=timezone.now(), name_en=given.name_en, zone=given.zone
        )
    except Refused as no:
        raise SystemExit(
            f"{no.sentence('zh')} {no.next_step('zh')}\n{no.sentence('en')} {no.next_step('en')}"
        ) from None
    print("密码只显示这一次。 These passwords are shown once.\n")
    for one in people:
        print(f"  {one.username:10}{one.password:20}{one.title} · {one.title_en}")
    print("\n密码 72 小时内有效，第一次登录只能改密码；改了以后加第二道验证，然后到“单位和岗位”设立单位。")
    print("They open for 72 hours, and only the page to change them; then add a second factor,")
    print("and found bodies at “Bodies and posts”.")
    print(f"JISHI_HOSTS={','.join(given.host)} ./dev up --no-demo")
    return 0
