"""Before a person looks: what do we already know, how sure are we, and why (spec 12)?

Triage suggests. People and the published list decide. A wrong guess costs one click.
"""

from jishi.cases.triage.comparing import alike_to, evidence
from jishi.cases.triage.looking import Looked, Stage, Suggested, Words, run, title_of, with_answer

__all__ = ["Looked", "Stage", "Suggested", "Words", "alike_to", "evidence", "run", "title_of", "with_answer"]
