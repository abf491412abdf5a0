# Every target sets up what it needs. `make monitor ARGS="--noise ma"` passes arguments on;
# `make monitor PYTHON=/usr/bin/python3.11` names the Python to build on.

.NOTPARALLEL:
.PHONY: monitor check test fuzz arm lint wheel clean

monitor: .venv/monitor.stamp
	.venv/bin/ecgstream monitor $(ARGS)

# The library alone, without TensorFlow and Qt: engine, networks, files and live runs.
check: .venv/check.stamp
	.venv/bin/pytest --numprocesses auto tests/streamer tests/test_structure.py $(ARGS)

test: .venv/all.stamp .venv-tflite/tflite.stamp
	.venv/bin/pytest --numprocesses auto --dist worksteal $(ARGS)

fuzz: .venv/all.stamp
	PYTHONPATH=tests .venv/bin/python -m fuzz $(ARGS)

arm: .venv/all.stamp
	PYTHONPATH=tests .venv/bin/python -m emulation $(ARGS)

lint: .venv/all.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

wheel: .venv/all.stamp
	.venv/bin/python -m build --wheel

clean:
	rm -rf .venv .venv-tflite dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find streamer model gui tools tests src -name __pycache__ -prune -exec rm -rf {} +

.venv/monitor.stamp: pyproject.toml tools/setup.sh
	tools/setup.sh .venv wfdb,monitor
	touch $@

.venv/all.stamp: pyproject.toml tools/setup.sh
	tools/setup.sh .venv all
	touch $@ .venv/monitor.stamp .venv/check.stamp

.venv/check.stamp: pyproject.toml tools/setup.sh
	tools/setup.sh .venv test
	touch $@

# For the tests of the shipped model on the older runtime; they are skipped where it has no wheel.
.venv-tflite/tflite.stamp: pyproject.toml tools/setup.sh
	tools/setup.sh .venv-tflite tflite
	if [ -d .venv-tflite ]; then touch $@; fi
