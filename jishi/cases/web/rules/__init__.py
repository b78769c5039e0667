"""What the town lets the guesses do: offer by itself, listen for danger, compare reports."""
