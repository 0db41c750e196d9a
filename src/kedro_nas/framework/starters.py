"""`kedro new --starter nas-image`: a project of its own, made without a network."""

from __future__ import annotations

from pathlib import Path

from kedro.framework.cli.starters import KedroStarterSpec

starters = [
    KedroStarterSpec(
        alias="nas-image",
        template_path=str(Path(__file__).parent / "starter" / "nas-image"),
    )
]
