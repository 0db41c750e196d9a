"""Optuna over the space of kedro-nas: TPE and `HyperbandPruner`, kept in SQLite.

As https://optuna.readthedocs.io, `optuna.pruners.HyperbandPruner` and the page on
saving and resuming: each epoch is reported, a trial that should be pruned ends. The
best values are then trained on all rows.
"""

from __future__ import annotations

from typing import Any

# first, as the seconds of the job begin there
from contract import load_images, read_job

# isort: split
import keras
import optuna
from keras_clock import Clock
from our_space import FACTOR, MAX_EPOCHS, SEARCH_SHARE, OurSpace, make_space

from kedro_nas.parameters.search_space import Range


class Reports(keras.callbacks.Callback):
    """Reports each epoch to Optuna and ends the trial that should be pruned.

    Args:
        trial: Of Optuna.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.trial = trial
        self.is_pruned = False
        self.best = 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the epoch's validation accuracy."""
        self.best = max(self.best, logs["val_accuracy"])
        self.trial.report(logs["val_accuracy"], epoch)
        if self.trial.should_prune():
            self.is_pruned = self.model.stop_training = True


def suggest(trial: optuna.Trial, ours: OurSpace) -> dict[str, Any]:
    """Suggest every choice of the space."""
    return {
        name: trial.suggest_float(name, allowed.low, allowed.high, log=True)
        if isinstance(allowed, Range)
        else trial.suggest_categorical(name, [*allowed])
        for name, allowed in ours.space.choices.items()
    }


def main() -> None:
    """Search, train, score."""
    job = read_job()
    keras.utils.set_random_seed(job.seed)
    images = load_images(job)
    ours = make_space(images, job.seed)
    clock = Clock(job, SEARCH_SHARE)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=job.seed),
        pruner=optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=MAX_EPOCHS, reduction_factor=FACTOR
        ),
        storage=f"sqlite:///{job.folder}/study.db",
        study_name="our_space",
        load_if_exists=True,
    )
    clock.resume(sum(one.state.is_finished() for one in study.trials))
    clock.end_search = study.stop

    def objective(trial: optuna.Trial) -> float:
        keras.utils.clear_session()
        reports = Reports(trial)
        ours.model(suggest(trial, ours)).fit(
            *ours.train,
            validation_data=ours.val,
            epochs=MAX_EPOCHS,
            callbacks=[reports, clock],
            verbose=2,
        )
        if reports.is_pruned:
            raise optuna.TrialPruned
        return reports.best

    study.optimize(objective, callbacks=[lambda *_: clock.journal.trial(clock.trials)])
    best = optuna.trial.FixedTrial(study.best_params)
    ours.deliver(suggest(best, ours), clock, searched_by="optuna")


if __name__ == "__main__":
    main()
