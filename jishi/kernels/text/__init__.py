"""Pure reading of text: fold, hide what is personal, search words, features, classes, near-duplicates, places, risk."""
