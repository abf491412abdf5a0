"""Training side: from raw databases to the `.tflite` file that the streamer runs."""

import os

# TensorFlow's start-up chatter would bury what a training or an export has to say.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
