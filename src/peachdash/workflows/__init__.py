"""One function a use case. Each takes the viewer's `Scope` and commits once."""
