"""Limit the memory and CPU time of this process."""

from __future__ import annotations

from pathlib import Path


def limit_process(memory: int, cpu_seconds: int | None = None) -> None:
    """Limit what this process takes from now on; of no effect on Windows.

    Parameters
    ----------
    memory : bytes of address space beyond those in use now; Linux only.
    cpu_seconds : CPU time beyond that spent so far; no core file is written, either.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {}
    if cpu_seconds is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = int(usage.ru_utime + usage.ru_stime) + cpu_seconds
        limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: cpu}
    statm = Path("/proc/self/statm")
    if statm.is_file():
        pages = int(statm.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + memory
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
