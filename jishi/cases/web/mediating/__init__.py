"""Pages of mediation: a party's, the mediator's, the case's, the public register."""
