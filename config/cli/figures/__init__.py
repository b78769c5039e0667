"""The twenty figures of trust (spec 90 §18): how each is measured."""
