"""Memory of this process, in MB of 1e6 bytes."""

from __future__ import annotations

import sys
from pathlib import Path

_LINUX_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Largest resident memory of this process so far."""
    if sys.platform == "win32":
        return _working_set("PeakWorkingSetSize")
    if _LINUX_STATUS.is_file():  # getrusage begins with the memory of the parent there
        return _linux_status("VmHWM")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def resident_memory() -> float:
    """Resident memory of this process; its peak where the system tells no more."""
    if sys.platform == "win32":
        return _working_set("WorkingSetSize")
    return _linux_status("VmRSS") if _LINUX_STATUS.is_file() else peak_memory()


def _linux_status(field: str) -> float:
    for line in _LINUX_STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024 / 1e6
    raise RuntimeError(f"{_LINUX_STATUS} has no field {field}")


def _working_set(field: str) -> float:
    """Read a field of Windows' PROCESS_MEMORY_COUNTERS."""
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    kernel = ctypes.CDLL("kernel32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    read = kernel.K32GetProcessMemoryInfo
    read.argtypes = (wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD)
    counters = Counters()
    size = ctypes.sizeof(counters)
    if not read(kernel.GetCurrentProcess(), ctypes.byref(counters), size):
        raise OSError("Windows does not tell how much memory this process takes")
    return float(getattr(counters, field)) / 1e6
