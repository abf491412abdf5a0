"""Training: from a configuration and a data folder to a Keras model, resumable at every epoch."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from rich.console import Console
from rich.progress import track

from ecgstream.model.data import qtdb_beats
from ecgstream.model.data.mixing import NoisyWindows, load_clean, load_noise
from ecgstream.model.data.qtdb_beats import BeatWindows, beat_windows
from ecgstream.model.data.splits import TRAINING_RECORDS, VALIDATION_RECORDS
from ecgstream.model.training import networks
from ecgstream.model.training.config import Config, ConfigError, as_dict, load_config
from ecgstream.model.training.runs import CONFIG, HISTORY, read_history
from ecgstream.model.training.streamed_errors import BAND, STREAMED, StreamedErrors
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import (
    CONTEXT_STEP,
    MAX_LOG2_ERROR,
    MIN_LOG2_ERROR,
    Floats,
    half_widths,
)
from ecgstream.streamer.io.atomic import replacing

CHECKPOINT = "checkpoint.keras"
BEST = "model.keras"
VALIDATION_STEPS = 40
_PROGRESS = Console(stderr=True)


@keras.saving.register_keras_serializable("ecgstream")
class RelativeError(keras.losses.Loss):
    """Mean over windows of (weighted squared error)^exponent.

    The weights that come with the target make the squared error relative to the noise of the
    stretch; an exponent of one half makes it an amplitude, so that no burst outweighs the rest.
    """

    def __init__(self, exponent: float = 0.5, name: str = "relative_error", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.exponent = exponent

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each window, from (b, WINDOW, 2) and (b, WINDOW, 1)."""
        error = ops.square(y_pred[..., 0] - y_true[..., 0]) * y_true[..., 1]
        return ops.power(ops.mean(error, axis=-1) + 1e-4, self.exponent)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "exponent": self.exponent}


@keras.saving.register_keras_serializable("ecgstream")
class BandQuantile(keras.losses.Loss):
    """Pinball loss of log2 of the size of the error (Koenker & Bassett 1978).

    It is least where the size told is larger than `share` of the errors, whatever their
    distribution. Places before the stream began do not count.
    """

    def __init__(self, share: float = BAND, name: str = "band_quantile", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.share = share

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each window, from (b, WINDOW, 2) of `StreamedErrors` and (b, WINDOW, 2)."""
        low, high = float(MIN_LOG2_ERROR), float(MAX_LOG2_ERROR)
        size = ops.log(ops.clip(y_true[..., 0], 2**low, 2**high)) / math.log(2)
        more = size - ops.clip(y_pred[..., 1], low, high)
        counts = y_true[..., 1]
        loss = ops.maximum(self.share * more, (self.share - 1) * more) * counts
        return ops.sum(loss, axis=-1) / ops.maximum(ops.sum(counts, axis=-1), 1)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "share": self.share}


@keras.saving.register_keras_serializable("ecgstream")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linear rise over the first 3 % of the steps, then a cosine down to one hundredth."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak, self.steps = peak, steps

    def __call__(self, step: Any) -> Any:
        """Learning rate at that step."""
        done = ops.cast(step, "float32") / self.steps
        rise = ops.minimum(done / 0.03, 1.0)
        fall = 0.01 + 0.99 * 0.5 * (1 + ops.cos(math.pi * ops.clip((done - 0.03) / 0.97, 0, 1)))
        return self.peak * rise * fall

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {"peak": self.peak, "steps": self.steps}


class KerasNetwork:
    """A model, or a file of one, in float, where the engine takes a `ecgstream.Network`."""

    def __init__(self, model: keras.Model | Path) -> None:
        if isinstance(model, Path):
            model = _load(model)
        self.predicts_error = networks.has_error(model)
        self._model = networks.answer_and_error(model) if self.predicts_error else model
        frames = {tensor.name: tensor.shape[1] for tensor in self._model.inputs}
        self.output = "noise" if "context" in frames else "signal"
        self.past = frames["context"] * CONTEXT_STEP if "context" in frames else WINDOW

    def __call__(self, window: Floats, context: Floats) -> Floats:
        """Answer (n, WINDOW) for n standardised windows."""
        answers = self._predict(window, context)
        return np.asarray(answers[0] if self.predicts_error else answers)[..., 0]

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        """Answer, and half widths of its error band (n, WINDOW // ERROR_STEP)."""
        answer, log2 = (np.asarray(a)[..., 0] for a in self._predict(window, context))
        return answer, half_widths(log2)

    def _predict(self, window: Floats, context: Floats) -> Any:
        tensors = {"window": window, "context": context}
        given = [tensors[tensor.name] for tensor in self._model.inputs]
        return self._model.predict_on_batch(given)


def build(config: Config, answer: keras.Model | None = None) -> keras.Model:
    """The untrained network of a configuration, its answer with the weights of a trained one."""
    network = _answer(config, answer)
    return networks.with_error(network) if config.trains_error else network


def _answer(config: Config, trained: keras.Model | None) -> keras.Model:
    options = {k: v for k, v in config.network.items() if k not in ("kind", "error")}
    original = config.network["kind"] == "original"
    network = networks.original() if original else networks.cdae_bam(**options)
    if trained is not None:
        network.set_weights(trained.get_weights())
    return network


def train(config: Config, data: Path, out: Path, begin: Path | None = None) -> keras.Model:
    """Train as the configuration says, from the weights of the model `begin` if one is given.

    See `train_on_records` for files and errors.
    """
    if config.experiment == "original":
        return _train_on_ten_seconds(config, data, out)
    keras.utils.set_random_seed(config.training.seed)
    return train_on_records(config, data, out, begin)


def _train_on_ten_seconds(config: Config, data: Path, out: Path) -> keras.Model:
    from ecgstream.model.data import original_experiment

    _claim(out, config)
    if (out / BEST).is_file():
        return _load(out / BEST)
    stretch = original_experiment.ten_seconds(data)
    model, losses = original_experiment.train(stretch, config.training)
    with replacing(out / BEST) as partial:
        model.save(partial)
    _write_history(out, [{"epoch": i, "loss": loss} for i, loss in enumerate(losses)])
    print(f"{len(losses)} epochs, loss {losses[-1]:.4f}")
    return model


def noisy_windows(
    config: Config, records: Sequence[str], data: Path, *, seed: int, more: int = 0
) -> NoisyWindows:
    """Batches mixed from these records (`mitdb/101`) and the training halves of NSTDB.

    The rows have `more` samples than the network sees.
    """
    return NoisyWindows(
        {name: load_clean(name, data) for name in records},
        load_noise(data, emg=config.mixing.emg > 0),
        output=config.output,
        past=config.network.get("past", WINDOW) + more,
        mixing=config.mixing,
        batch=config.training.batch,
        seed=seed,
        floor=config.training.floor[1],
    )


def training_windows(
    config: Config, data: Path, *, validation: bool, seed: int, more: int = 0
) -> NoisyWindows | BeatWindows:
    """Batches from the records that train a configuration's network, or from those that validate.

    Rows of a mixed batch have `more` samples than the network sees.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : a record is missing or damaged.
    """
    if config.experiment != "beats":
        records = VALIDATION_RECORDS if validation else TRAINING_RECORDS
        drawn = [r for r in records if config.mixing.draws_from(r.partition("/")[0])]
        return noisy_windows(config, drawn, data, seed=seed, more=more)
    return beat_windows(
        qtdb_beats.VALIDATION if validation else qtdb_beats.TRAINING,
        config.version,
        data,
        output=config.output,
        past=config.network.get("past", WINDOW),
        batch=config.training.batch,
        seed=seed,
        floor=config.training.floor[1],
    )


def _batches(
    config: Config, data: Path, answer: keras.Model | None, *, validation: bool, seed: int
) -> NoisyWindows | BeatWindows | StreamedErrors:
    if not config.trains_error:
        return training_windows(config, data, validation=validation, seed=seed)
    stretches = training_windows(config, data, validation=validation, seed=seed, more=STREAMED)
    assert isinstance(stretches, NoisyWindows)
    return StreamedErrors(stretches, KerasNetwork(_answer(config, answer)), seed)


def train_on_records(
    config: Config, data: Path, out: Path, begin: Path | None = None
) -> keras.Model:
    """Train on records and noise under `data`; go on where `out` left off, and fill it.

    `out` gets `config.json`, `history.csv`, `checkpoint.keras` (to go on from) and `model.keras`,
    the averaged weights of the epoch with the lowest validation loss, which is returned.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : a record is missing or damaged.
    ValueError : `out` holds a training with other settings.
    """
    _claim(out, config)
    settings = config.training
    answer = None if begin is None else _load(begin)
    resumed = (out / CHECKPOINT).is_file()
    model = _load(out / CHECKPOINT) if resumed else build(config, answer)
    training, validation = (
        _batches(config, data, answer, validation=validates, seed=settings.seed + validates)
        for validates in (False, True)
    )
    if not model.compiled:
        model.compile(
            keras.optimizers.Adam(
                OneCycle(settings.learning_rate, settings.epochs * settings.steps),
                use_ema=True,
                ema_momentum=settings.average,
            ),
            BandQuantile() if config.trains_error else RelativeError(settings.exponent),
        )
    epoch = int(model.optimizer.iterations) // settings.steps
    history = [row for row in read_history(out) if row["epoch"] < epoch]
    exact_epochs = settings.epochs - settings.rounded
    while epoch < settings.epochs:
        phase = [row for row in history if (row["epoch"] < exact_epochs) == (epoch < exact_epochs)]
        if _epochs_since_best(phase) > settings.patience:
            if epoch > exact_epochs:
                break
            epoch, phase = exact_epochs, []
            model.optimizer.iterations.assign(epoch * settings.steps)
        networks.set_rounding(model, epoch >= exact_epochs)
        model.make_train_function(force=not phase)
        if isinstance(training, NoisyWindows | BeatWindows):
            training.floor = settings.floor_at(epoch)
        started = time.monotonic()
        model.reset_metrics()
        # Not fit(): at its end it would put the averaged weights in the place of the trained ones.
        steps = range(epoch * settings.steps, (epoch + 1) * settings.steps)
        for step in track(steps, f"epoch {epoch + 1}", console=_PROGRESS, transient=True):
            loss = model.train_on_batch(*training[step])
        rate = settings.steps * settings.batch / (time.monotonic() - started)
        with replacing(out / CHECKPOINT) as partial:  # last: a kill before it repeats the epoch
            model.save(partial)
            averaged = _averaged(partial)
            for step in range(VALIDATION_STEPS):
                validated = averaged.test_on_batch(*validation[step])
            row = {"epoch": epoch, "loss": float(loss), "val_loss": float(validated), "rate": rate}
            if all(validated < earlier["val_loss"] for earlier in phase):
                networks.set_rounding(averaged, False)  # the export does it for real
                with replacing(out / BEST) as best:
                    averaged.save(best)
            history.append(row)
            _write_history(out, history)
        epoch += 1
        print(
            f"epoch {epoch}/{settings.epochs}  loss {row['loss']:.4f}  "
            f"validation {validated:.4f}  {rate:.0f} windows/s",
            flush=True,
        )
    return _load(out / BEST)


def _claim(out: Path, config: Config) -> None:
    """Write the configuration into `out`, or make sure that it is the one there."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / CONFIG
    if path.is_file() and not _says(path, config):
        raise ValueError(f"{out} holds a training with other settings: choose another --out")
    path.write_text(json.dumps(as_dict(config), indent=2) + "\n")


def _says(path: Path, config: Config) -> bool:
    """Whether that file, which an earlier version may have written, means this configuration."""
    try:
        return load_config(str(path)) == config
    except ConfigError:
        return False


def _load(path: Path) -> keras.Model:
    return keras.models.load_model(path)


def _averaged(checkpoint: Path) -> keras.Model:
    model = _load(checkpoint)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    return model


def _epochs_since_best(history: list[dict[str, float]]) -> int:
    losses = [row["val_loss"] for row in history]
    return len(losses) - losses.index(min(losses)) - 1 if losses else 0


def _write_history(out: Path, history: list[dict[str, float]]) -> None:
    with replacing(out / HISTORY) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys())
        writer.writeheader()
        writer.writerows(history)
