"""Read-only SQL to DataFrames, for pages, reports and commands.

Every public function takes a connection and the viewer's `Scope`; none returns a row outside it.
"""
