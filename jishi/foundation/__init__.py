"""What every room stands on: actor, scope, trail, outbox, refusals, sealed fields, procedures, editions, numbers."""
