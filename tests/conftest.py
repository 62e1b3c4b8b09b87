"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# No deadline: it counts wall time, so a busy machine makes any test fail. `tests.limits` counts CPU time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
