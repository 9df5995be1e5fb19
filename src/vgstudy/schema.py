"""Every table: its columns with types and units, where its files are, and which stage writes it.

Tables are the only interface between the steps of a study. Logarithms are natural. Layers count
from 1, the hidden layer nearest the input; a network of depth L has layers 1..L+1, the last one
being the output layer. Epoch 0 is the state before any update.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import pyarrow as pa

from vgstudy.quantities import EXAMPLES as EXAMPLES
from vgstudy.quantities import PROBE_SET

LABEL = pa.dictionary(pa.int32(), pa.string())

FACTORS = (
    "depth",
    "width",
    "activation",
    "initializer",
    "optimizer",
    "rate_factor",
    "remedy",
)
# factors that most studies do not vary, and their level then
DEFAULT_LEVELS = MappingProxyType({"rate_factor": 1.0, "remedy": "none"})
LAYER_KINDS = ("input", "square", "output", "other")
ZERO_CAUSES = ("none", "fitted", "zero kernel", "dead", "saturation", "underflow")
QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
RUN_STATUSES = ("learned", "slow", "stuck", "dead", "diverged")
ON_PROBE_SET = ("examples", "==", PROBE_SET)  # a filter of rows
FITS = ("fits", "does not fit", "undecided")


class Column(NamedTuple):
    """A column's Arrow type, and what it holds, with its unit."""

    type: pa.DataType
    description: str


Columns = Mapping[str, Column]


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes
    ----------
    columns
        The columns by name, in order.
    scope
        Where its files are: `study` is results/STUDY/TABLE.parquet, `job` is one file for each
        job, results/STUDY/TABLE/JOB.parquet, and `shared` is results/TABLE.parquet.
    stage
        The stage of the workflow that writes it, a key of `stages.STAGES` or `design`.
    export
        Whether the report writes it as CSV too.
    """

    columns: Columns
    scope: Literal["study", "job", "shared"]
    stage: str
    export: bool = False


def _label(description: str) -> Column:
    return Column(LABEL, description)


def _number(description: str) -> Column:
    return Column(pa.float64(), description)


def _single(description: str) -> Column:
    return Column(pa.float32(), description)


def _count(description: str) -> Column:
    return Column(pa.int32(), description)


def _flag(description: str) -> Column:
    return Column(pa.bool_(), description)


def _numbers(description: str) -> Column:
    return Column(pa.list_(pa.float64()), description)


_CELL = _label("id of the configuration without its seed")
_SEED = _count("seed of the run, the unit of replication")
_EPOCH = _count(
    "completed epochs: passes over the training rows, or blocks of steps_per_epoch steps"
)
_KEYS = {"cell": _CELL, "seed": _SEED, "epoch": _EPOCH}
_STEP = _count("optimizer steps taken")
_LAYER = Column(pa.int16(), "layer number; 1 is nearest the input")
_EXAMPLES = _label(
    "examples measured on: the probe set (the first training rows, or all), the next mini-batch "
    "before its step, the last mini-batch after its step, or a mini-batch of the first test rows"
)
_SETTING = {
    "width": _count("units per hidden layer"),
    "activation": _label("activation, by its name in the study file"),
    "initializer": _label("initializer, by its name in the study file"),
    "optimizer": _label("optimizer, by its name in the study file"),
    "rate_factor": _number("multiplies the learning rate of the optimizer"),
    "remedy": _label("remedy, by its name in the study file"),
}

_VALUE = _number("the estimate, in the unit of the quantity")
_INTERVAL = {
    "low": _number("lower end of the interval"),
    "high": _number("upper end of the interval"),
}
_METHOD = {
    "method": _label("how the interval was computed"),
    "confidence": _number("nominal coverage of the interval"),
}
_N = _count("seeds of the cell in the design")
_N_ALIVE = _count("seeds that entered the value")

_ESTIMATE = {
    "value": _VALUE,
    **_INTERVAL,
    "method": _METHOD["method"],
    "label": _label(
        "simulated coverage of such intervals: as stated (within .02 of nominal) or approximate; "
        "approximate below 5 seeds, the fewest simulated; null without an interval"
    ),
    "confidence": _METHOD["confidence"],
    "n": _N,
    "n_alive": _N_ALIVE,
    "n_failed": _count(
        "n - n_alive: seeds excluded for an all-zero gradient, a non-finite value or no rows"
    ),
}

_BAND = {
    "band_low": _number(
        "lower end of a band that holds at all points of a row at once, with the same confidence; "
        "null if there is none"
    ),
    "band_high": _number("upper end of the band"),
    "band": _label("how the band was computed"),
}

_OVER_SEEDS = {
    "spread": _number(
        "standard deviation over seeds, of natural logs where the value is a geometric mean; "
        "null for shares"
    ),
    "p": _number("two-sided p value of a ratio of 1, not corrected; null for other quantities"),
    "fit": _label(
        "of a decay factor: does it describe every pair of square layers within 25 %, by "
        "simultaneous intervals: fits, does not fit (some pair is outside) or undecided; null "
        "below 3 seeds"
    ),
    "prediction_low": _number(
        "lower end of the prediction interval of one further seed; null for shares"
    ),
    "prediction_high": _number("upper end of the prediction interval"),
    "seeds_needed": _number(
        "seeds for an interval of a decay factor from value / 1.05 to 1.05 value, at this standard "
        "deviation; infinite above 1,000; null for other quantities"
    ),
}

_RUNS = {
    "cell": _CELL,
    "seed": _SEED,
    "job": _label("id of the job that trains the run"),
    "depth": _count("hidden layers"),
    **_SETTING,
}

_PROBES = {
    **_KEYS,
    "examples": _EXAMPLES,
    "step": _STEP,
    "layer": _LAYER,
    "kind": _label("input, square (width x width) or output; other in a user's own model"),
    "fan_in": _count("columns of the weight matrix"),
    "fan_out": _count("rows of the weight matrix"),
    "g_rms": _number(
        "root mean square over the entries of dLoss/dW; the loss is the mean over the examples"
    ),
    "g_mean": _number("mean over entries of dLoss/dW"),
    "g_sd": _number("standard deviation over entries of dLoss/dW (divisor: number of entries)"),
    "g_mean_abs": _number("mean absolute entry of dLoss/dW"),
    "g_l2": _number("Euclidean norm of dLoss/dW"),
    "g_max_abs": _number("largest absolute entry of dLoss/dW"),
    "g_zero": _number("share of entries of dLoss/dW exactly zero in float64"),
    "g_zero_float32": _number("share of entries of dLoss/dW exactly zero in float32"),
    "zero_cause": _label(
        "why the whole float64 gradient is zero: none (it is not), fitted, zero kernel, dead, "
        "saturation or underflow"
    ),
    "zero_cause_float32": _label("the same for float32"),
    "delta_rms": _number("root mean square over units and examples of dLoss/dz of each example"),
    "h_rms": _number(
        "root mean square of the activation over units and examples; null for the output layer"
    ),
    "h_saturated": _number(
        "share of (unit, example) with a slope below 1 % of the activation's largest on [-5, 5]; "
        "null for the output layer, NaN where the activations are not finite"
    ),
    "h_dead": _number(
        "share of units with output and slope exactly 0 on every example; null for the output "
        "layer, NaN where the activations are not finite"
    ),
    "w_mean": _number("mean weight"),
    "w_sd": _number(
        "standard deviation of the weights (divisor: number of entries); the squared Euclidean "
        "norm is fan_in fan_out (mean² + sd²)"
    ),
    "w_l1": _number("sum of absolute weights"),
    "w_l1_change": _number("sum of absolute changes of the weights since epoch 0"),
    "update_rms": _number(
        "root mean square change of the weights since the previous probe on such examples; null at "
        "the first"
    ),
    "g_quantiles": _numbers(
        "quantiles of the entries of dLoss/dW at QUANTILES; null unless the study requests them"
    ),
    "w_quantiles": _numbers(
        "quantiles of the weights at QUANTILES; null unless the study requests them"
    ),
}

_CURVES = {
    **_KEYS,
    "step": _STEP,
    "train_loss": _single(
        "running mean over the epoch's batches, as Keras reports it; null at epoch 0"
    ),
    "train_accuracy": _single(
        "the same for accuracy; NaN, like every accuracy, once the run has diverged"
    ),
    "test_loss": _single("loss on the test rows after the epoch; null where not evaluated"),
    "test_accuracy": _single("accuracy on the test rows after the epoch; null where not evaluated"),
    "probe_loss": _single("loss on the whole probe set after the epoch; null where not probed"),
    "probe_accuracy": _single("the same for accuracy"),
    "w_l1_layers": _numbers(
        "L1 norm of each layer's weights after the epoch, layer 1 first; null unless log.weight_l1"
    ),
    "finite": _flag("false from the first non-finite loss on: the run has diverged"),
}

_DECAYS = {
    **_KEYS,
    "examples": _EXAMPLES,
    "alive": _flag("every layer's float64 gradient is finite and has a non-zero entry"),
    "zero_cause": _label(
        "cause of the first all-zero layer counted from the output; none if alive or non-finite"
    ),
    "d_g": _number(
        "decay factor of g per layer toward the input, over square layers; below 1 it shrinks "
        "toward the input; null below depth 4 and unless alive"
    ),
    "d_delta": _number("decay factor of delta"),
    "d_h": _number("decay factor of h"),
    "interior_g": _number(
        "g_rms of layer L over layer 2; above 1 it shrinks toward the input, the opposite of d_g; "
        "null below depth 3 and unless alive"
    ),
    "interior_delta": _number("the same for delta"),
    "interior_h": _number("the same for h"),
    "end_to_end_g": _number(
        "g_rms of the output layer over layer 1, the tutorials' ratio; above 1 it shrinks toward "
        "the input, the opposite of d_g; null unless alive"
    ),
    "end_to_end_mean_abs": _number("the same for g_mean_abs"),
}

_OUTCOMES = {
    "cell": _CELL,
    "seed": _SEED,
    "status": _label(
        "learned; of runs that have not: slow (the training loss still falls in the last fifth of "
        "training, see `learning.is_slow`) or stuck; dead (a gradient of exactly zero) or diverged"
    ),
    "ever_learned": _flag("whether it was above the threshold at one of the tested epochs"),
    "learning_epochs": _number(
        "the first tested epoch at which it was; the last epoch if it never was"
    ),
    "train_loss": _number("at the last epoch"),
    "train_accuracy": _number("at the last epoch"),
    "test_loss": _number("at the last epoch"),
    "test_accuracy": _number("at the last epoch"),
}

_ESTIMATES = {
    "cell": _CELL,
    "quantity": _label(
        "a column of decays or outcomes, or a share of seeds: p_alive, p_zero_CAUSE (a layer's "
        "whole gradient is zero for that cause), p_zero_float32_CAUSE (the same in float32: dead, "
        "saturation or underflow), p_STATUS, p_ever_learned, and p_signal_CLASS, by the "
        "smallest and the largest delta_l / delta_L over hidden layers, L the last: kept, lost_10 "
        "or lost_1000 (more than 10 or 1,000 times), grown_10 or grown_1000, or lost_then_grown"
    ),
    "examples": _EXAMPLES,
    "epoch": _EPOCH,
    **_ESTIMATE,
    **_BAND,
    **_OVER_SEEDS,
}

_TRAJECTORIES = {
    "cell": _CELL,
    "quantity": _label(
        "a loss or an accuracy of curves, at the probe epochs where a seed has one; p_learned_by, "
        "the share of seeds that had learned at one of the tested epochs up to this one"
    ),
    "epoch": _EPOCH,
    **_ESTIMATE,
}

_THRESHOLDS = {
    "cell": _CELL,
    "quantity": _label("test_accuracy or train_loss, at the last epoch"),
    "threshold": _number(
        "one of five, from half-way between guessing and the median of the study's reference "
        "network up to this median"
    ),
    "value": _number("share of the seeds at or above it; of the loss, at or below it"),
    **_INTERVAL,
    **_METHOD,
    "n": _count("seeds with an outcome"),
}

_PROFILES = {
    "cell": _CELL,
    "quantity": _label("a column of probes, or zero_float32"),
    "examples": _EXAMPLES,
    "epoch": _EPOCH,
    "layer": _LAYER,
    **_ESTIMATE,
    **_BAND,
}

_LAYER_DECAYS = {
    "cell": _CELL,
    "quantity": _label("d_g, d_delta or d_h, from one layer to the next, on the probe set"),
    "epoch": _EPOCH,
    "layer": Column(
        pa.int16(),
        "lower layer of the pair: the value is RMS of this layer over that of the next; the last "
        "pair is the output's",
    ),
    **_ESTIMATE,
    **_BAND,
}

_CONTRASTS = {
    "cell": _CELL,
    "reference": _label("id of the cell compared with"),
    "factor": _label("the one factor in which the two cells differ"),
    "quantity": _label("a quantity of estimates, measured on the probe set"),
    "epoch": _EPOCH,
    "value": _number("ratio cell / reference, or difference cell - reference; see method"),
    **_INTERVAL,
    "p": _number(
        "two-sided p value, not corrected; of shares by Fisher's exact test; null if none"
    ),
    "p_adjusted": _number("p value corrected for the number of tests in the family"),
    "family": _label("the tests corrected together: contrast, quantity and epoch"),
    "correction": _label(
        "Holm in a family declared in the study file; exploratory, FDR for every other quantity, "
        "and for shares, whose test is in `pooled`"
    ),
    **_METHOD,
    "n": _N,
    "n_reference": _count("seeds of the reference in the design"),
    "n_alive": _count("seeds of the cell that entered"),
    "n_alive_reference": _count("seeds of the reference that entered"),
}

_DEPTH_CURVES = {
    "cell": _CELL,
    "quantity": _label("p_learned, test_accuracy or train_accuracy, at the last epoch"),
    "epoch": _EPOCH,
    "value": _number("a curve that never rises with depth, fitted to all depths of the setting"),
    "low": _number("lower end of a band that holds at all depths at once; null with one seed"),
    "high": _number("upper end of the band"),
    **_METHOD,
    "n": _N_ALIVE,
}

_POOLED = {
    **_SETTING,
    "factor": _label("factor in which the setting is compared with the reference"),
    "reference": _label("level of that factor compared with; all other factors are equal"),
    "depths": _count("depths at which both have runs with an outcome"),
    "learned": _count("runs of the setting that learned, all these depths together"),
    "n": _count("runs of the setting with an outcome"),
    "learned_reference": _count("runs of the reference that learned"),
    "n_reference": _count("runs of the reference with an outcome"),
    "value": _number(
        "odds of learning, setting over reference: one odds ratio for all depths, by conditional "
        "maximum likelihood; infinite or 0 at the most extreme counts, null if there is no depth "
        "at which some runs learned and others did not"
    ),
    **_INTERVAL,
    "p": _number("two-sided p value of an odds ratio of 1, exact given the margins"),
    "p_adjusted": _number("p corrected for the number of tests in the family"),
    "p_depth": _number(
        "p value of an odds ratio that is the same at all depths: Zelen's exact test; null below "
        "two depths at which some runs learned and others did not"
    ),
    "p_depth_adjusted": _number("p_depth corrected for the number of tests in the family"),
    "limit_difference": _number("difference of the depth limits, each clipped to the range"),
    "limit_low": _number("lower end of its interval"),
    "limit_high": _number("upper end of its interval"),
    "limit_bound": _label(
        "at least or at most where a limit lies beyond the range of depths; unknown (no "
        "difference) where both lie beyond the same end or there is only one depth; else exact"
    ),
    "family": _label("the tests corrected together: all of one contrast"),
    "correction": _label("Holm where the study file declares p_learned; else exploratory, FDR"),
    **_METHOD,
}

_TWO_BY_TWO = {
    **{
        name: column._replace(description=f"{column.description}; null if crossed")
        for name, column in _SETTING.items()
    },
    "depth": _count("hidden layers; null: the mean over all depths that the four cells have"),
    "effect": _label(
        "a factor: the difference of shares between its two levels, averaged over those of the "
        "other factor; or interaction: the difference of these differences"
    ),
    "change": _label("the levels, such as tanh to ReLU"),
    "value": _number("difference of shares of runs that learned"),
    **_INTERVAL,
    "depths": _count("depths that entered"),
    "n": _count("runs that entered"),
    **_METHOD,
}

_BEST_RATES = {
    "depth": _count("hidden layers"),
    **_SETTING,
    "rates": _count("rate factors to choose from"),
    "chosen_on": _count("seeds that chose the rate; others estimate"),
    "value": _number("share of the estimating seeds that learned at the best rate"),
    **_INTERVAL,
    **_METHOD,
    "n": _count("seeds that estimate"),
    "at_one": _number("share of them that learned at rate factor 1; null if it was not run"),
    "area": _number(
        "area under learned (0 or 1) over log10 of the rate factor, mean over the estimating seeds"
    ),
    "area_low": _number("lower end of its t interval"),
    "area_high": _number("upper end of its t interval"),
    "area_bound": _label(
        "exact if at most a tenth of the seeds learn at both ends of the rates, else at least"
    ),
}

_PAIRED = {
    "depth": _count("hidden layers"),
    **_SETTING,
    "factor": _label("factor whose level is compared with the reference"),
    "reference": _label("level compared with"),
    "reference_rate": _number("best rate factor of the reference"),
    "learned": _count("seeds that learned"),
    "learned_reference": _count("seeds that learned with the reference"),
    "cured": _count("seeds that learned here and not with the reference"),
    "harmed": _count("seeds that learned with the reference and not here"),
    "value": _number("difference of the shares that learned, here minus reference"),
    **_INTERVAL,
    "p": _number("exact McNemar test, not corrected"),
    **_METHOD,
    "n": _count("seeds that estimate"),
}

_LIMITS = {
    **_SETTING,
    "value": _number(
        "depth at which half the seeds still learn, by a monotone fit; null beyond the range"
    ),
    "low": _number("lower end of the interval; null where it lies beyond the range"),
    "high": _number("upper end of the interval; null where it lies beyond the range"),
    "range": _label(
        "inside; deeper: half the seeds learn even at the deepest; shallower: fewer do at the "
        "shallowest"
    ),
    "shallowest": _count("smallest depth with outcomes"),
    "deepest": _count("largest depth with outcomes"),
    "fit": _label(
        "not monotone: the share that learned rises with depth by more than chance explains "
        "(p below .05), so there is no single limit; interpolated: the limit lies between depths "
        "that are far apart, where the interval ends; else monotone"
    ),
    "misfit": _number("largest distance between a share that learned and the monotone fit"),
    **_METHOD,
    "n": _count("runs with an outcome, all depths together"),
}

_VARIANCES = {
    "quantity": _label("log d_g, log d_delta or test_accuracy"),
    "epoch": _EPOCH,
    "source": _label("a factor, an interaction of two factors, higher interactions, or seed"),
    "value": _number(
        "share of the variance over runs, after subtracting the noise of the cell means; 0 to 1"
    ),
    **_INTERVAL,
    "df": _count("degrees of freedom of the source"),
    **_METHOD,
    "n_cells": _count("cells that entered"),
    "n": _count("runs that entered"),
}

_OVERLAYS = {
    "cell": _CELL,
    "quantity": _label(
        "d_delta, d_g, d_h, or var_interior_delta, the variance over seeds of log interior_delta; "
        "at epoch 0"
    ),
    "predicted": _number("the value that theory predicts"),
    "basis": _label(
        "of the prediction: exact, asymptotic (the limit of infinite width) or approximation"
    ),
    "source": _label("where the prediction comes from"),
    **_ESTIMATE,
    "z": _number(
        "log value / predicted, in standard errors of log value; null without an interval or if "
        "nothing varies"
    ),
}

_ARMS = {
    "cell": _CELL,
    "quantity": _label("an accuracy or loss of curves, or a column of probes"),
    "examples": _EXAMPLES,
    "epoch": _EPOCH,
    "step": _STEP,
    "layer": Column(pa.int16(), "layer number; 1 is nearest the input; 0 for the whole network"),
    "q05": _number("5 % quantile over the seeds with a value"),
    "median": _number("median over these seeds"),
    "q95": _number("95 % quantile over these seeds"),
    "entries": _numbers(
        "of g_quantiles and w_quantiles: the median over seeds of each quantile of the entries; "
        "null for other quantities"
    ),
    "reported": _number("the tutorial's single run, at the last epoch; null where it reports none"),
    "n": _N,
    "n_failed": _count("seeds without a finite value"),
}

_CLAIMS = {
    "id": _label("id of the claim in the inventory of the tutorials"),
    "tutorial": _label("A, B or C"),
    "study": _label("the study that tests it"),
    "arm": _label("arm of the study, or levels of its factors"),
    "claim": _label("what the tutorial claims, in our words"),
    "setup": _label("network and data of the claim"),
    "statement": _label("the part of the claim that this row judges"),
    "quantity": _label("the number per run that represents it"),
    "reported": _label("what the tutorial reports"),
    "reported_low": _number(
        "the reported number or the lower end of the reported range; null if none"
    ),
    "reported_high": _number(
        "the reported number or the upper end of the reported range; null if none"
    ),
    "comparator": _label("what the quantity is compared with"),
    "value": _number(
        "the estimate: of the quantity, of the share of seeds, or of a difference; see method"
    ),
    **_INTERVAL,
    **_METHOD,
    "prediction_low": _number("lower end of the prediction interval of one further seed"),
    "prediction_high": _number("upper end of the prediction interval of one further seed"),
    "share": _number(
        "share of the seeds, of two networks pairs of seeds, for which the statement holds or that "
        "are near the reported number; null where nothing is claimed"
    ),
    "share_low": _number("lower end of the share's 95 % Wilson interval, which decides"),
    "share_high": _number("upper end of the share's interval"),
    "n": _count("seeds in the design; of two networks, pairs of seeds"),
    "n_failed": _count("seeds excluded for a missing or non-finite value"),
    "verdict": _label("one of `claims.verdicts.VERDICTS`, such as holds or not run"),
    "claim_verdict": _label(
        "verdict on the whole claim in this study: that of its worst statement that is not open"
    ),
    "claim_share": _number(
        "share of the seeds for which all the claim's statements that are not open hold; null if "
        "there is none or it was not run"
    ),
    "claim_n": _count("seeds with a value in all of these statements"),
    "others": Column(
        pa.list_(pa.string()), "the other networks of the study of which the same can be said"
    ),
    "others_fail": _numbers("share of the seeds of each of them that fail the statement"),
    "reasoning": _label("how the verdict follows, and why this quantity represents the claim"),
    "version": _count(
        "version of the register that added or last changed the statement; above 1 after results "
        "had been seen"
    ),
    "sample": _numbers("the quantity's values over seeds, ascending, thinned"),
}

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "runs": Table(_RUNS, "study", "design"),
        "probes": Table(_PROBES, "job", "train"),
        "curves": Table(_CURVES, "job", "train"),
        "decays": Table(_DECAYS, "study", "estimate"),
        "outcomes": Table(_OUTCOMES, "study", "estimate", export=True),
        "estimates": Table(_ESTIMATES, "study", "estimate", export=True),
        "trajectories": Table(_TRAJECTORIES, "study", "estimate"),
        "profiles": Table(_PROFILES, "study", "estimate"),
        "layer_decays": Table(_LAYER_DECAYS, "study", "estimate", export=True),
        "contrasts": Table(_CONTRASTS, "study", "estimate", export=True),
        "depth_curves": Table(_DEPTH_CURVES, "study", "estimate", export=True),
        "pooled": Table(_POOLED, "study", "estimate", export=True),
        "two_by_two": Table(_TWO_BY_TWO, "study", "estimate", export=True),
        "best_rates": Table(_BEST_RATES, "study", "estimate", export=True),
        "paired": Table(_PAIRED, "study", "estimate", export=True),
        "thresholds": Table(_THRESHOLDS, "study", "estimate", export=True),
        "limits": Table(_LIMITS, "study", "estimate", export=True),
        "variances": Table(_VARIANCES, "study", "estimate", export=True),
        "arms": Table(_ARMS, "study", "trajectories", export=True),
        "overlays": Table(_OVERLAYS, "study", "overlay", export=True),
        "claims": Table(_CLAIMS, "shared", "claims"),
    }
)

STUDY_TABLES, JOB_TABLES, SHARED_TABLES = (
    tuple(name for name, table in TABLES.items() if table.scope == scope)
    for scope in ("study", "job", "shared")
)
TRAINED = tuple(name for name, table in TABLES.items() if table.stage == "train")
EXPORTED = tuple(name for name, table in TABLES.items() if table.export)


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table, with descriptions in the metadata of its fields.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    return pa.schema(
        [
            pa.field(name, column.type, metadata={"description": column.description})
            for name, column in TABLES[table].columns.items()
        ]
    )
