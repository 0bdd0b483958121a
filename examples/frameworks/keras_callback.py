"""Keras 3 without TensorFlow, with the callback of tbevents. Run with ``python keras_callback.py [LOGDIR]``."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")  # or jax

import keras
import numpy as np

from tbevents.integrations.keras import TensorBoard

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
callback = TensorBoard(os.path.join(logdir, "keras"), histogram_freq=1, update_freq="batch")
model.fit(
    np.ones((8, 4)), np.zeros((8, 1)), batch_size=2, epochs=2, validation_split=0.25, callbacks=[callback], verbose=0
)
