"""tflite-runtime, the smallest of the three, for older Pythons and 32-bit ARM."""

from ecgstream.streamer.network.runtimes.base import Runtime


class TFLiteRuntime(Runtime):
    """The runtime of `tflite-runtime`."""

    name = "tflite-runtime"
    package = "tflite-runtime"
    module = "tflite_runtime.interpreter"
