"""What still runs beside a case, for pages and other rooms: `actions.running` says it, verbs ask it themselves."""

from jishi.cases.actions.running import Running as Running
from jishi.cases.actions.running import of as of
