"""What `kedro nas init` changes in a project, and what it says to do next."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kedro.framework.project import settings

from kedro_nas.errors import ParameterError
from kedro_nas.framework.next_steps import MovedOption, next_steps
from kedro_nas.framework.registered import RegisteredSearch, registered_search
from kedro_nas.framework.rendering import (
    LOGGING,
    SMOKE,
    render_files,
    render_smoke_files,
)
from kedro_nas.framework.yaml_text import (
    add_entries,
    drop_entries,
    entry_names,
    split_entries,
)
from kedro_nas.parameters.base import what_became_of
from kedro_nas.pipelines.nas.pipeline import PREFIX
from kedro_nas.stages import NUMBERS, SECTIONS

Mode = Literal["new", "force", "update"]


@dataclass(frozen=True)
class Wish:
    """What the user asks `kedro nas init` for.

    Attributes:
        env: Folder of `conf/` for parameters and catalog.
        namespace: Prefix of datasets and parameters.
        pipeline_name: Folder below `pipelines/`; None for one after the namespace.
        images: Dataset that holds the images; None for that of the pipeline that is
            registered, or `images`.
        path: Where the images of a new dataset are.
        preset: Preset of the search space.
        mode: What to do with files that exist: refuse, replace, or add to them.
        no_pipeline: Whether the project has a pipeline of its own with the search.
    """

    env: str = "base"
    namespace: str = "nas"
    pipeline_name: str | None = None
    images: str | None = None
    path: str | None = None
    preset: str | None = None
    mode: Mode = "new"
    no_pipeline: bool = False


@dataclass(frozen=True)
class ProjectFiles:
    """Changes of a project.

    Attributes:
        files: Path relative to the project, to its new text.
        added: Path to the entries that are added to a file that exists.
        next_steps: What to do afterwards, in words.
    """

    files: dict[Path, str]
    added: dict[Path, list[str]] = field(default_factory=dict)
    next_steps: list[str] = field(default_factory=list)


def make_plan(root: Path, package: str, source_dir: Path, wish: Wish) -> ProjectFiles:
    """Plan the files of one search.

    Entries and parameters that are not ours stay, whatever the mode.

    Args:
        root: Root of the project.
        package: The project's package.
        source_dir: The project's source folder.
        wish: What is asked for.

    Raises:
        ParameterError: A name that cannot be one, an unknown preset, or a
            configuration file that cannot be read.
    """
    pipeline = wish.pipeline_name or wish.namespace.replace(".", "_")
    _check_names(wish.namespace, pipeline)
    host = registered_search(wish.namespace)
    is_elsewhere = host.pipeline not in {None, pipeline} and not wish.pipeline_name
    code = source_dir.resolve().relative_to(root.resolve()) / package
    images = wish.images or host.names.get("images", "images")
    config = _Config(root, wish)
    is_new = images not in config.entries_elsewhere() | host.written
    rendered = render_files(
        code,
        env=wish.env,
        namespace=wish.namespace,
        pipeline_name=pipeline,
        images=images,
        path=wish.path,
        preset=wish.preset,
        is_new=is_new,
        names=host.names,
    )
    parameters, catalog, folder, logging = rendered
    plan = ProjectFiles({})
    _plan_file(plan, root, parameters, config.parameters(parameters, rendered, host))
    _plan_file(plan, root, catalog, config.catalog(catalog, rendered))
    has_folder = not (wish.no_pipeline or is_elsewhere)
    if has_folder and not (wish.mode == "update" and (root / folder).exists()):
        _plan_file(plan, root, folder, _Change(rendered[folder]))
    has_smoke = config.has_smoke_files(host)
    if has_smoke:
        _plan_smoke_files(plan, root, wish, host)
    configured = _logging_files(root)
    if wish.mode == "new" and not configured:
        _plan_file(plan, root, logging, _Change(rendered[logging]))
    plan.next_steps.extend(
        next_steps(
            root / code,
            wish.namespace,
            pipeline if has_folder else host.pipeline,
            images if is_new and not wish.path and not config.has(images) else None,
            has_folder=has_folder,
            is_kept_out=host.is_kept_out,
            env=wish.env,
            has_smoke=has_smoke,
            problem=host.problem,
            moved=config.moved_options(),
            folding=next(filter(_folds_lines, configured), None),
        )
    )
    return plan


@dataclass(frozen=True)
class _Change:
    """The new text of a file, and what is added to the old one."""

    text: str
    added: tuple[str, ...] = ()


def _plan_file(plan: ProjectFiles, root: Path, path: Path, change: _Change) -> None:
    if change.text and change.text != _text_of(root / path):
        plan.files[path] = change.text
        if change.added:
            plan.added[path] = list(change.added)


def _plan_smoke_files(
    plan: ProjectFiles, root: Path, wish: Wish, host: RegisteredSearch
) -> None:
    """Plan the environment `smoke`, unless it configures this search already.

    A second file with the same keys would end a run in "Duplicate keys found".
    """
    is_forced = wish.mode == "force"
    mode: Mode = "force" if is_forced else "new"
    config = _Config(root, replace(wish, env=SMOKE.name, mode=mode))
    if config.has_parameters() and not is_forced:
        return
    rendered = render_smoke_files(namespace=wish.namespace, names=host.names)
    parameters, catalog = rendered
    changes = {
        parameters: config.parameters(parameters, rendered, host),
        catalog: config.catalog(catalog, rendered),
    }
    for path, change in changes.items():
        if is_forced or not (root / path).exists():
            _plan_file(plan, root, path, change)


@dataclass(frozen=True)
class _ConfigFile:
    """A YAML file of the configuration; `where` is its path in the project."""

    path: Path
    where: str
    text: str

    def names(self, *path: str) -> tuple[str, ...]:
        """List the keys of the mapping at a path of keys."""
        return entry_names(self.text, self.where, path)


class _Config:
    """The configuration files of a project, and ours among them."""

    def __init__(self, root: Path, wish: Wish) -> None:
        self._root = root
        self._wish = wish
        self._path = tuple(wish.namespace.split("."))
        base = str(settings.CONFIG_LOADER_ARGS.get("base_env", "base"))
        # an entry of the base environment serves the others as well
        self._envs = {wish.env, base}

    def has(self, entry: str) -> bool:
        """Return whether the catalog has an entry before anything is written."""
        return any(entry in file.names() for file in self._files("catalog"))

    def has_parameters(self) -> bool:
        """Return whether the environment itself has parameters of the search."""
        files = self._files("parameters", {self._wish.env})
        return any(file.names(*self._path) for file in files)

    def entries_elsewhere(self) -> set[str]:
        """Return the names in the catalog but for those in our own file."""
        own = self._root / "conf" / self._wish.env / self._file("catalog")
        return {
            name
            for file in self._files("catalog")
            if file.path != own
            for name in file.names()
        }

    def catalog(self, path: Path, rendered: Mapping[Path, str]) -> _Change:
        """Merge rendered entries with what is there."""
        elsewhere = {
            name
            for file in self._files("catalog", self._envs_that_count())
            if file.path != self._root / path
            for name in file.names()
        }
        text = drop_entries(rendered[path], elsewhere, str(path))
        old = _text_of(self._root / path)
        prefix = f"{self._wish.namespace}."
        if self._wish.mode == "update" and old is not None:
            return _added(old, text, str(path), ())
        if old is None or not text or self._wish.mode == "new":
            return _Change(text)
        theirs = {
            name: block
            for name, block in split_entries(old, str(path)).items()
            if not (name.startswith(prefix) and name in entry_names(text, str(path)))
        }
        text = drop_entries(text, theirs.keys(), str(path))
        return _Change(add_entries(text, theirs, str(path)))

    def parameters(
        self, path: Path, rendered: Mapping[Path, str], host: RegisteredSearch
    ) -> _Change:
        """Merge rendered parameters with what is there."""
        sections = {*NUMBERS, *SECTIONS}
        shared = {
            section
            for section in sections
            if host.names.get(PREFIX + section, "").removeprefix(PREFIX)
            not in {"", f"{self._wish.namespace}.{section}"}
        }
        elsewhere = {
            section
            for file in self._files("parameters", self._envs_that_count())
            if file.path != self._root / path
            for section in file.names(*self._path)
        }
        text = drop_entries(rendered[path], elsewhere | shared, str(path), self._path)
        old = _text_of(self._root / path)
        if self._wish.mode == "update" and old is not None:
            return _added(old, text, str(path), self._path)
        if old is None or not text or self._wish.mode == "new":
            return _Change(text)
        for depth in range(len(self._path) + 1):
            place = self._path[:depth]
            ours = sections if depth == len(self._path) else {self._path[depth]}
            theirs = {
                key: block
                for key, block in split_entries(old, str(path), place).items()
                if key not in ours
            }
            text = add_entries(text, theirs, str(path), place)
        return _Change(text)

    def has_smoke_files(self, host: RegisteredSearch) -> bool:
        """Return whether an environment `smoke` is written beside these files.

        Not beside another environment than base, and not where searches share sections
        of parameters, which it would have to give for all of them.
        """
        ours = (host.names.get(PREFIX + s) for s in (*NUMBERS, *SECTIONS))
        prefix = f"{PREFIX}{self._wish.namespace}."
        is_base = self._wish.env == settings.CONFIG_LOADER_ARGS.get("base_env", "base")
        return is_base and all(name is None or name.startswith(prefix) for name in ours)

    def moved_options(self) -> list[MovedOption]:
        """List options of earlier versions, over all environments."""
        envs = {path.name for path in (self._root / "conf").glob("*") if path.is_dir()}
        return [
            MovedOption(Path(file.where), f"{section}.{option}", became)
            for file in self._files("parameters", envs)
            for section in file.names(*self._path)
            for option in file.names(*self._path, section)
            if (became := what_became_of(section, option)) is not None
        ]

    def _envs_that_count(self) -> set[str]:
        """Return where an entry may not, or need not, be written a second time."""
        return self._envs if self._wish.mode == "update" else {self._wish.env}

    def _file(self, kind: str) -> str:
        return f"{kind}_{self._wish.namespace.replace('.', '_')}.yml"

    def _files(self, kind: str, envs: set[str] | None = None) -> list[_ConfigFile]:
        found = []
        for env in sorted(envs or self._envs):
            folder = self._root / "conf" / env
            for path in sorted(folder.rglob("*.y*ml")):
                parts = path.relative_to(folder).parts  # as Kedro's own patterns
                if any(part.startswith(kind) for part in parts):
                    where = str(path.relative_to(self._root))
                    found.append(_ConfigFile(path, where, path.read_text()))
        return found


def _added(old: str, text: str, where: str, path: tuple[str, ...]) -> _Change:
    present = entry_names(old, where, path)
    missing = {
        key: block
        for key, block in split_entries(text, where, path).items()
        if key not in present
    }
    names = tuple(".".join((*path, key)) for key in missing)
    return _Change(add_entries(old, missing, where, path), names)


def _text_of(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _logging_files(root: Path) -> list[Path]:
    """Return the logging configurations of the project, wherever Kedro looks."""
    given = os.environ.get("KEDRO_LOGGING_CONFIG")
    return [root / given] if given else [*(root / "conf").glob(f"{LOGGING.stem}.*")]


def _folds_lines(path: Path) -> bool:
    """Return whether a logging configuration folds lines, whatever they are read on."""
    text = _text_of(path) or ""
    return "RichHandler" in text and "log_output.HANDLERS" not in text


def _check_names(namespace: str, pipeline_name: str) -> None:
    for what, name in (("namespace", namespace), ("pipeline name", pipeline_name)):
        parts = name.split(".") if what == "namespace" else [name]
        if not all(part.isidentifier() for part in parts):
            raise ParameterError(
                f"that cannot be a {what}",
                received=repr(name),
                allowed="letters, digits and _, not first a digit"
                + ("; dots between" if what == "namespace" else ""),
                remedy="Choose another name",
            )
