"""AutoKeras: `ImageClassifier`, as https://autokeras.com/tutorial/image_classification/.

Epochs are left to it, as its documentation advises: up to 1,000 with early stopping,
then a final fit of the best trial on all rows, for as many epochs as it was best after.
The search ends when the time left is what that final fit is expected to take.
"""

from __future__ import annotations

# first, as the seconds of the job begin there
from contract import Result, accuracy, load_images, read_job, versions_of

# isort: split
import autokeras
import numpy as np
from keras_clock import Clock

MANY_TRIALS = 1000  # the clock ends the search


def main() -> None:
    """Search, fit, score."""
    job = read_job()
    images = load_images(job)
    clock = Clock(job, monitor="val_loss")  # its objective
    classifier = autokeras.ImageClassifier(
        max_trials=MANY_TRIALS, directory=job.folder, seed=job.seed, overwrite=False
    )
    tuner = classifier.tuner
    clock.limit(tuner)
    final_fit = tuner.final_fit

    def fit_to_the_end(**words: object) -> object:
        clock.is_final = True
        return final_fit(**words)

    tuner.final_fit = fit_to_the_end
    classifier.fit(
        np.concatenate([images.train, images.val]),  # it takes the last fifth as val
        images.dev_labels,
        callbacks=[clock],
        verbose=2,
    )
    trained_s = job.elapsed
    model = classifier.export_model()
    probabilities = model.predict(images.test.astype("float32"), verbose=0)
    if probabilities.shape[1] == 1:  # two classes: the probability of the second
        probabilities = np.hstack([1 - probabilities, probabilities])
    Result(
        test_accuracy=accuracy(probabilities, images.test_labels),
        n_params=model.count_params(),
        network=str(tuner.oracle.get_best_trials(1)[0].hyperparameters.values),
        trials=clock.trials,
        epochs=clock.epochs,
        training_s=clock.training_s,
        trained_s=trained_s,
        versions=versions_of("autokeras", "keras", "keras-tuner", "tensorflow-cpu"),
    ).write(job.out)


if __name__ == "__main__":
    main()
