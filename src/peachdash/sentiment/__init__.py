"""Sentiment of review texts: encoders, adapters, scoring, training. Imports torch only inside functions."""
