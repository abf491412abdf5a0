"""LiteRT, Google's successor of tflite-runtime."""

from ecgstream.streamer.network.runtimes.base import Runtime


class LiteRT(Runtime):
    """The runtime of `ai-edge-litert`."""

    name = "litert"
    package = "ai-edge-litert"
    module = "ai_edge_litert.interpreter"
