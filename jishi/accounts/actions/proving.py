"""Step-up: before an act that matters, the person has shown within ten minutes who it is (spec 90 §3).

A sign-in counts, and so does a passkey or a code shown again. Only a browser's session knows the moment: what a worker,
a command or a program with its own key does is proved by other means, and is not asked. The rule itself is the
foundation's, whose keys turn by it too; rooms above ask it here.
"""

from jishi.foundation.actor import FRESH, ensure_fresh
from jishi.foundation.refusals import FreshSignInNeeded

__all__ = ["FRESH", "FreshSignInNeeded", "ensure_fresh"]
