"""Time the import of the engine and the loading of a model.

Nothing of `ecgstream` may be imported before the clock starts, not even its package.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter


def measure(model: str, runtime: str) -> dict[str, float]:
    """Seconds to import the engine, numpy included, and to load a model."""
    began = perf_counter()
    from ecgstream.streamer.denoiser import StreamingDenoiser

    imported = perf_counter()
    StreamingDenoiser(model, runtime=runtime)
    loaded = perf_counter()
    return {"import_s": imported - began, "load_s": loaded - imported}


if __name__ == "__main__":
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
