"""A process that `up` started ends with it, even when whoever started it was killed and could tell nobody.

Otherwise a killed master would leave a site behind that answers on the port of the next one (spec 90 §12, kill -9).
"""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2), Linux


def end_with_parent() -> None:
    """This will have the kernel end this process when the thread that started it ends; on Linux alone.

    For `preexec_fn` and for the first lines of a process: it is kept over exec, not over fork.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
