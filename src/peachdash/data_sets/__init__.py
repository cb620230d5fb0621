"""Data set versions: which labelled reviews, in which split, and what is odd about them. No SQL here."""
