"""Looking at cases: desks, the timeline, the page of one case. Figures are insight's."""
