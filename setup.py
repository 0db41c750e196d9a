"""Put conf/ into the wheel, where `kedro nas init` reads it as its template.

All else about the package is in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TEMPLATE = Path("kedro_nas/framework/template")


class BuildWithTemplate(build_py):
    """Copies the configuration of this repository; an editable install reads it."""

    def run(self) -> None:
        """Build the package, then add the template."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib) / TEMPLATE
        self.mkpath(str(folder))
        sources = [*Path("conf/base").glob("*_nas.yml"), Path("conf/logging.yml")]
        for source in sorted(sources):
            self.copy_file(str(source), str(folder / source.name))
        smoke = Path("conf/smoke/parameters_nas.yml")
        self.copy_file(str(smoke), str(folder / f"smoke_{smoke.name}"))


setup(cmdclass={"build_py": BuildWithTemplate})
