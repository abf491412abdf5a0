"""Training side: from raw databases to the `.tflite` file that the streamer runs."""
