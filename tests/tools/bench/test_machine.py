"""`ecgstream bench`: governor, temperature and energy, as a system tells them in /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgstream.tools.bench import machine
from helpers.fakes import FakeClock


def put(sys: Path, place: str, text: object) -> None:
    path = sys / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def test_governor_and_the_highest_temperature_are_read(tmp_path: Path) -> None:
    for core in range(4):
        put(tmp_path, f"devices/system/cpu/cpu{core}/cpufreq/scaling_governor", "ondemand")
    put(tmp_path, "class/thermal/thermal_zone0/temp", 48_312)
    put(tmp_path, "class/thermal/thermal_zone1/temp", 51_000)
    put(tmp_path, "class/thermal/thermal_zone2/temp", "broken")
    state = machine.state(tmp_path)
    assert (state["governor"], state["temperature_c"]) == ("ondemand", 51.0)


def test_what_a_system_does_not_tell_is_none(tmp_path: Path) -> None:
    state = machine.state(tmp_path)
    assert state["governor"] is None and state["temperature_c"] is None
    assert machine.meter(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"temperature_c": 44.0}, []),
        ({"temperature_c": 62.0}, ["the temperature went from 40 to 62 °C"]),
        ({"governor": "powersave"}, ["the governor went from performance to powersave"]),
        ({"load": 9.0}, []),  # that of the benchmark itself
    ],
)
def test_changed_conditions_give_a_warning(change: dict[str, object], said: list[str]) -> None:
    before = {"governor": "performance", "temperature_c": 40.0, "load": 0.3}
    warnings = machine.warnings(before, {**before, **change}, 4)
    assert [warning.split(":")[0] for warning in warnings] == said


def test_a_busy_device_gives_a_warning() -> None:
    busy = {"governor": None, "temperature_c": None, "load": 2.5}
    (warning,) = machine.warnings(busy, busy, 4)
    assert warning.startswith("other programs kept 2.5 of 4 cores busy")


def test_power_is_that_of_all_packages_over_the_time_measured(
    tmp_path: Path, clock: FakeClock
) -> None:
    for package in (0, 1):
        put(tmp_path, f"class/powercap/intel-rapl:{package}/name", f"package-{package}")
        put(tmp_path, f"class/powercap/intel-rapl:{package}/max_energy_range_uj", 1_000_000_000)
        put(tmp_path, f"class/powercap/intel-rapl:{package}/energy_uj", 999_000_000)
    put(tmp_path, "class/powercap/intel-rapl:0:0/energy_uj", 5)  # cores, within package 0
    meter = machine.meter(tmp_path)
    assert meter is not None and meter.name == "RAPL (package-0, package-1)"

    def measured() -> str:
        clock.sleep(10)
        put(tmp_path, "class/powercap/intel-rapl:0/energy_uj", 49_000_000)  # was full in between
        put(tmp_path, "class/powercap/intel-rapl:1/energy_uj", 999_500_000)
        return "done"

    result, watts = meter.watts(measured, clock.now)
    assert result == "done" and watts == pytest.approx(5.05)


def test_a_counter_that_only_root_may_read_is_no_meter(tmp_path: Path) -> None:
    (tmp_path / "class/powercap/intel-rapl:0/energy_uj").mkdir(parents=True)  # cannot be read
    assert machine.meter(tmp_path) is None


@pytest.mark.parametrize(
    ("gauge", "joules"),
    [
        ({"energy_now": (40_000_000, 39_000_000)}, 3600),
        ({"charge_now": (3_000_000, 2_900_000), "voltage_now": (4_000_000, 4_000_000)}, 1440),
    ],
)
def test_a_battery_in_use_is_a_meter(
    gauge: dict[str, tuple[int, int]], joules: float, tmp_path: Path, clock: FakeClock
) -> None:
    place = "class/power_supply/BAT0"

    def show(moment: int) -> None:
        for name, values in gauge.items():
            put(tmp_path, f"{place}/{name}", values[moment])
        clock.sleep(60)

    put(tmp_path, f"{place}/type", "Battery")
    put(tmp_path, f"{place}/status", "Charging")
    show(0)
    assert machine.meter(tmp_path) is None  # what it takes comes from elsewhere
    put(tmp_path, f"{place}/status", "Discharging")
    meter = machine.meter(tmp_path)
    assert meter is not None and meter.name == "battery BAT0"
    _, watts = meter.watts(lambda: show(1), clock.now)
    assert watts == pytest.approx(joules / 60)
