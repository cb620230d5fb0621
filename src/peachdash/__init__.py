"""Peachdash: customer reviews of local businesses, read by a model that knows the town."""

__version__ = "0.1.0"
