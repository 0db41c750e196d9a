"""Write parameters, catalog and pipeline as `kedro nas init` does."""

from pathlib import Path

from kedro_nas.framework.rendering import render_files, render_smoke_files

rendered = render_files(Path("src/{{ cookiecutter.python_package }}"))
for file, text in {**rendered, **render_smoke_files()}.items():
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
