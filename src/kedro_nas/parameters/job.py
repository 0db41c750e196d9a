"""Options of `params:nas.job`, shared by search, ranking and final training."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from kedro_nas.custom_code import is_import_path
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.base import Options

# what may be maximised beside `auto` and a metric of one's own
OBJECTIVES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss")


class JobOptions(Options):
    """The objective, the baseline, and where training runs.

    Attributes:
        objective: What the search aims at: one of `OBJECTIVES`, of which `log_loss` is
            minimised, or `package.module:metric`, docs/how-to/objectives.md; `auto`
            uses the verdict of the profile.
        recall_floors: Smallest recall wanted, by class name; a score is multiplied by
            the reached share of each floor that is missed.
        class_weights: Of the classes in the loss: `auto` uses the verdict of the
            profile, `balanced` inverse class sizes, `none` none, or weights by class
            name, 1 where a class is not named.
        sampling: `as_is` trains on each image once per epoch; `balanced` draws as many
            images of each class.
        baseline: `auto` for a hand-built residual network sized to the data, `none`, or
            `package.module:function` for a custom network; docs/how-to/own-baseline.md.
        workers: Processes that train; `auto` is one per GPU, or one per CPU core.
        threads_per_worker: Intra-op threads of a worker on CPU. Sums are rounded
            differently with another number, so search, folds and final training cannot
            be resumed with one.
        pool: Where workers run: `local` (this machine), `ray` (a Ray cluster,
            docs/how-to/cluster.md), the name of an entry point of the group
            `kedro_nas.worker_pools`, or `package.module:function`.
        execution: `auto` measures once per search on GPUs which batch size, whether
            XLA and whether bfloat16 make candidate 0 train faster, in a twentieth of
            the search's budget at most; `plain` does not. On CPUs `auto` trains in
            bfloat16 where Linux names matrix units for it (`amx_bf16`), else plain.
        max_silence_s: A worker that makes no progress for so long counts as hung;
            within an epoch each second or two of steps counts as progress.
        max_attempts: Number of attempts at a task whose worker is lost.
        max_resident_mb: Pixels up to this size are held in each worker's memory; larger
            sets are read from the memory-mapped store.
        max_worker_memory_mb: A worker that uses more memory is replaced between two
            tasks.
        ray_address: Cluster of the pool `ray`: `auto` for the one this machine belongs
            to, null to start Ray on this machine alone, `host:port`, or
            `ray://host:port` for a client outside the cluster.
        ray_cpus: CPUs that Ray reserves for a worker, fractions included; `auto` is
            `threads_per_worker`.
        ray_gpus: GPUs that Ray reserves for a worker: 0, 1, or a fraction for several
            workers on one GPU.
        straggler_factor: In the pool `ray`, a task that has run for this many times the
            median of the tasks of as many epochs is also started on a worker that has
            nothing else to do, and the first outcome counts; null never does.
    """

    section: ClassVar[str] = "job"

    objective: str = "auto"
    baseline: str = "auto"
    workers: int | Literal["auto"] = "auto"
    threads_per_worker: int = Field(1, ge=1)
    recall_floors: dict[str, float] = Field(default_factory=dict)
    class_weights: Literal["auto", "balanced", "none"] | dict[str, float] = "auto"
    sampling: Literal["as_is", "balanced"] = "as_is"
    pool: str = Field("local", min_length=1)
    execution: Literal["auto", "plain"] = "auto"
    max_silence_s: float = Field(600, gt=0)
    max_attempts: int = Field(2, ge=1)
    max_resident_mb: int = Field(1024, ge=0)
    max_worker_memory_mb: int = Field(6144, ge=512)
    ray_address: str | None = Field("auto", min_length=1)
    ray_cpus: float | Literal["auto"] = "auto"
    ray_gpus: float = Field(0, ge=0, le=1)
    straggler_factor: float | None = Field(3, ge=1.5)

    @field_validator("objective")
    @classmethod
    def _is_objective(cls, value: str) -> str:
        if value not in ("auto", *OBJECTIVES) and not is_import_path(value):
            known = ", ".join(map(repr, ("auto", *OBJECTIVES)))
            raise ValueError(f"should be {known} or 'package.module:metric'")
        return value

    @field_validator("recall_floors")
    @classmethod
    def _are_shares(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [name for name, floor in value.items() if not 0 < floor <= 1]
        if wrong:
            raise ValueError(f"floor of {wrong[0]!r} must be above 0 and at most 1")
        return value

    @field_validator("class_weights")
    @classmethod
    def _are_weights(cls, value: str | dict[str, float]) -> str | dict[str, float]:
        weights = value if isinstance(value, dict) else {}
        wrong = [name for name, one in weights.items() if not 0 < one < float("inf")]
        if wrong:
            raise ValueError(f"weight of {wrong[0]!r} must be a number above 0")
        return value

    @field_validator("baseline")
    @classmethod
    def _is_word_or_path(cls, value: str) -> str:
        if not re.fullmatch(r"auto|none|[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", value):
            raise ValueError("should be 'auto', 'none' or 'package.module:function'")
        return value

    @field_validator("workers")
    @classmethod
    def _has_workers(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be at least 1, or 'auto'")
        return value

    @field_validator("ray_cpus")
    @classmethod
    def _reserves_cpus(cls, value: float | str) -> float | str:
        if isinstance(value, float) and value <= 0:
            raise ValueError("must be above 0, or 'auto'")
        return value


def check_budget(value: Any, *, where: str) -> float | None:
    """Return the wall seconds of the whole job, None for no limit.

    Args:
        value: Of `params:nas.budget_s`.
        where: The parameter's name for the message.

    Raises:
        ParameterError: It is neither a positive number nor null.

    >>> check_budget(300, where="nas.budget_s")
    300.0
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < float("inf"):
        raise ParameterError(
            f"the parameter '{where}' is not valid",
            received=repr(value),
            allowed="wall seconds of the whole job above 0, or null for no limit",
            remedy=f"Write for example `{where.rpartition('.')[2]}: 3600`",
        )
    return float(value)
