"""The interpreter inside TensorFlow, where that is installed for training."""

from ecgstream.streamer.network.runtimes.base import Runtime


class TensorFlow(Runtime):
    """The interpreter of `tensorflow`."""

    name = "tensorflow"
    package = "tensorflow"
    module = "tensorflow"
    interpreter = "lite.Interpreter"
