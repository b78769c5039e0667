"""A run of the tests takes away what it laid down."""

import os
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
ONE = "jishi/kernels/ledger/tests"


def test_a_run_leaves_no_folder_behind(tmp_path):
    here = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "JISHI_DATA"))}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", ONE],
        cwd=BASE, env={**here, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("jishi-test-")] == []
