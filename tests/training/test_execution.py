"""XLA and half precision: what changes, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.training import execution, learner
from kedro_nas.training.execution import (
    HALF,
    PLAIN,
    computes_bfloat16,
    execution_here,
    precision,
    trains_on_gpu,
)
from kedro_nas.training.learner import Learner
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.unit import Unit

XLA = Execution(jit_compile=True)

MakeTask = Callable[..., Task]


def run(task: Task) -> tuple[Unit, Outcome]:
    """Run a task in this process."""
    unit = Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)
    return unit, unit.run()


def losses(outcome: Outcome) -> list[float]:
    """Give the training loss of each epoch."""
    return [epoch.train_loss for epoch in outcome.history]


def compiled_by_xla(learner: Learner) -> bool:
    """Say whether the graph of the steps calls a function XLA must compile."""
    library = learner._run_steps.graph.as_graph_def().library
    return any(f.attr["_XlaMustCompile"].b for f in library.function)


def test_execution_xla_steps_learn_as_plain_ones(
    make_task: MakeTask, small_architecture: Architecture
) -> None:
    """Compiled steps give the plain losses, but for roundings."""
    # XLA draws dropout from a generator of its own
    head = small_architecture.head.model_copy(update={"dropout": 0.0})
    architecture = small_architecture.model_copy(update={"head": head})
    make_task = partial(make_task, architecture=architecture, checkpoint=None)
    unit, compiled = run(make_task(execution=XLA))
    other, plain = run(make_task())

    assert compiled_by_xla(unit.learner)
    assert not compiled_by_xla(other.learner)
    np.testing.assert_allclose(losses(compiled), losses(plain), rtol=2e-3)


def test_execution_what_xla_cannot_compile_is_run_without_it(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation unknown to XLA costs the compilation, not the trial."""
    import tensorflow as tf

    make = learner.make_loss

    def with_python(*given: Any) -> Callable[..., Any]:
        def loss(*inputs: Any) -> Any:
            zero = tf.numpy_function(lambda: np.float32(0), [], tf.float32)
            return make(*given)(*inputs) + tf.reshape(zero, [])

        return loss

    _, plain = run(make_task(checkpoint=None))
    monkeypatch.setattr(learner, "make_loss", with_python)
    unit, outcome = run(make_task(execution=XLA))

    assert outcome.status == "completed"
    assert not compiled_by_xla(unit.learner)
    assert losses(outcome) == losses(plain)


def test_execution_half_precision_keeps_float32_weights_and_hands_over_float32(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """Trained in bfloat16, state and probabilities are float32, and so is the model."""
    import keras

    file = tmp_path / "model.keras"
    task = make_task(execution=HALF, epochs=12, schedule_epochs=12, rows="dev")
    unit, outcome = run(task.model_copy(update={"model_file": str(file)}))
    trained = unit.learner
    positions = np.arange(100, dtype=np.int32)
    probabilities = trained.predict(positions)
    saved = keras.models.load_model(file)
    images = np.asarray(unit._pixels.gather(positions)[0])

    assert trained.model.get_layer("logits").compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
    assert all(
        array.dtype == np.float32 for array in list(trained.state().values())[:4]
    )
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    again = saved.predict(images, verbose=0)
    np.testing.assert_allclose(again, probabilities, atol=0.1)
    assert outcome.history[-1].train_loss < outcome.history[0].train_loss * 0.9


def test_execution_half_precision_that_a_layer_refuses_becomes_float32(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block with float32 constants of its own is trained, as if never in bfloat16."""
    build = learner.build_model

    def in_float32_only(*given: Any, **named: Any) -> Any:
        import keras

        if keras.config.dtype_policy().name != "float32":
            raise TypeError("bfloat16 and float32 cannot be added")
        return build(*given, **named)

    _, plain = run(make_task(checkpoint=None))
    monkeypatch.setattr(learner, "build_model", in_float32_only)
    _, outcome = run(make_task(checkpoint=None, execution=HALF))

    assert losses(outcome) == losses(plain)


@pytest.fixture
def _without_half_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse the first step in bfloat16, as where an operation has no kernel."""
    import tensorflow as tf

    steps = Learner._compiled_steps

    def without_half(self: Learner) -> Any:
        if self._execution.precision == "float32":
            return steps(self)

        def refuse(*_: Any) -> Any:
            raise tf.errors.UnimplementedError(None, None, "no kernel for bfloat16")

        return refuse

    monkeypatch.setattr(Learner, "_compiled_steps", without_half)


@pytest.mark.usefixtures("_without_half_kernels")
def test_execution_first_step_that_has_no_half_kernel_is_run_in_float32(
    make_task: MakeTask,
) -> None:
    """Found out at the first step only: the same weights go on in float32."""
    _, plain = run(make_task(checkpoint=None))
    _, outcome = run(make_task(checkpoint=None, execution=HALF))

    assert outcome.status == "completed"
    assert losses(outcome) == losses(plain)


@pytest.mark.slow
@pytest.mark.usefixtures("_without_half_kernels")
def test_execution_first_step_in_float32_goes_on_from_a_checkpoint(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """Moments of the optimizer are resumed too, whichever worker has the next rung."""
    _, whole = run(make_task(checkpoint=None, epochs=2, schedule_epochs=2))
    saved = str(tmp_path / "rung.npz")
    task = make_task(checkpoint=saved, execution=HALF, epochs=1, schedule_epochs=2)
    run(task)
    _, resumed = run(task.model_copy(update={"epochs": 2}))

    assert losses(resumed) == losses(whole)


def test_execution_here_is_plain_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU was measured to like is not done to a CPU that goes on."""
    measured, job = Execution(jit_compile=True), JobOptions()
    monkeypatch.setattr(execution, "gpu_names", list)
    monkeypatch.setattr(execution, "cpu_multiplies_bfloat16", bool)
    assert execution_here(measured, job) == PLAIN
    assert execution_here(HALF, job) == PLAIN
    monkeypatch.setattr(execution, "gpu_names", lambda: ["0"])
    assert execution_here(measured, job) == measured
    assert execution_here(None, job) == PLAIN


def test_execution_here_keeps_bfloat16_on_a_cpu_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """XLA is for GPUs; a cluster's search is that of one machine, others' is plain."""
    measured = HALF.model_copy(update={"jit_compile": True})
    monkeypatch.setattr(execution, "gpu_names", list)
    monkeypatch.setattr(execution, "cpu_multiplies_bfloat16", lambda: True)

    assert execution_here(measured, JobOptions()) == HALF
    assert execution_here(measured, JobOptions(pool="ray")) == HALF
    assert execution_here(measured, JobOptions(pool="my.pools:start")) == PLAIN
    assert computes_bfloat16(JobOptions())


def test_trains_on_gpu_of_a_cluster_is_what_its_options_reserve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The driver's own cards say nothing about the nodes that train."""
    monkeypatch.setattr(execution, "gpu_names", lambda: ["0"])

    assert trains_on_gpu(JobOptions())
    assert not trains_on_gpu(JobOptions(pool="ray"))
    assert trains_on_gpu(JobOptions(pool="ray", ray_gpus=0.5))


def fail_within() -> None:
    """Fail while layers are built in half precision."""
    with precision("mixed_bfloat16"):
        raise RuntimeError("planted")


def test_precision_is_given_back() -> None:
    """Whatever happens within the block, layers after it are float32 again."""
    import keras

    with pytest.raises(RuntimeError, match="planted"):
        fail_within()
    assert keras.config.dtype_policy().name == "float32"
