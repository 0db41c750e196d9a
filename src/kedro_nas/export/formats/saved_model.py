"""TensorFlow SavedModel, for TensorFlow Serving, TF.js and converters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro_nas.export.formats.traits import FormatTraits


class SavedModelExporter:
    """Writes `saved_model/`, whose `serving_default` takes uint8 pixels."""

    name = "saved_model"
    file_name = "saved_model"
    traits = FormatTraits(
        purpose="TensorFlow Serving, TF.js and other converters",
        read_with=("tensorflow",),
        runtime="tensorflow",
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        import keras
        import tensorflow as tf

        def serve(pixels: Any) -> Any:
            return model(tf.cast(pixels, model.inputs[0].dtype), training=False)

        path = folder / self.file_name
        archive = keras.export.ExportArchive()
        archive.track(model)
        shape = (None, *model.inputs[0].shape[1:])
        archive.add_endpoint(
            name="serve",
            fn=serve,
            input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")],
        )
        archive.write_out(path, verbose=False)
        return path

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return (
            "import tensorflow as tf\n"
            "\n"
            f'model = tf.saved_model.load("{self.file_name}")\n'
            "\n"
            "\n"
            "def predict(pixels):  # uint8, (n, height, width, channels)\n"
            "    return model.serve(pixels).numpy()\n"
        )
