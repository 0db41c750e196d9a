"""Hooks of the plugin: registered by entry point, loaded on every Kedro run.

They never change catalog or parameters. An error here would stop every project of
the environment, so this module imports nothing but Kedro and small modules of ours.
"""

from __future__ import annotations

from typing import Any

from kedro.framework.hooks import hook_impl


class NasHooks:
    """Say what is wrong before anything runs, in one message."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Do nothing yet."""


hooks = NasHooks()
