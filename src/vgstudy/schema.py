"""Every table's columns: name, type, unit. The tables are the interfaces between the steps of a
study.

Logarithms are natural. Layers count from 1, the hidden layer nearest the input; a net of depth L
has layers 1..L+1, the last one being the output layer. Epoch 0 is the state before any update.
"""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from vgstudy.cells import EXAMPLES as EXAMPLES
from vgstudy.cells import PROBE_SET

LABEL = pa.dictionary(pa.int32(), pa.string())

FACTORS = ("depth", "width", "activation", "initializer", "optimizer")
LAYER_KINDS = ("input", "square", "output", "other")
ZERO_CAUSES = ("none", "fitted", "zero kernel", "dead", "saturation", "underflow")
QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
RUN_STATUSES = ("learned", "not learned", "dead", "diverged")
ON_PROBE_SET = ("examples", "==", PROBE_SET)  # a filter of rows
DIRECTIONS = ("equivalent", "vanishes", "explodes", "undecided")

_KEYS = {
    "cell": (LABEL, "id of the configuration without its seed"),
    "seed": (pa.int32(), "the unit of replication"),
    "epoch": (
        pa.int32(),
        "completed epochs: passes over the training rows, or portions of steps_per_epoch optimizer steps",
    ),
}
_STEP = (pa.int32(), "optimizer steps taken")
_EXAMPLES = (
    LABEL,
    "which examples are measured on: the probe set (the first training rows, or all), the next mini-batch before its step, "
    "the last mini-batch after its step, or a mini-batch of the first test rows",
)

_ESTIMATE = {
    "value": (pa.float64(), "the estimate, in the quantity's unit"),
    "low": (pa.float64(), "lower end of the interval"),
    "high": (pa.float64(), "upper end of the interval"),
    "method": (LABEL, "how the interval was made"),
    "label": (
        LABEL,
        "what `vgstudy coverage` finds of intervals so made: as stated (coverage within .02 of the nominal one in the "
        "truths simulated) or approximate, as below the 5 seeds that are the fewest simulated; "
        "null without an interval",
    ),
    "confidence": (pa.float64(), "nominal coverage of the interval"),
    "n": (pa.int32(), "seeds of the cell in the design"),
    "n_alive": (pa.int32(), "seeds that entered the value"),
    "n_failed": (
        pa.int32(),
        "n - n_alive: seeds left out for an all-zero gradient, a non-finite value or no rows",
    ),
}

_BAND = {
    "band_low": (
        pa.float64(),
        "lower end of a band that holds at all points of a row at once, with the same confidence; null if none",
    ),
    "band_high": (pa.float64(), "upper end of the band"),
    "band": (LABEL, "how the band was made"),
}

CHECKS = {
    "spread": (
        pa.float64(),
        "standard deviation over seeds, of natural logs where the value is a geometric mean; null for shares",
    ),
    "p": (
        pa.float64(),
        "two-sided p value of a ratio of 1, not corrected; null for other quantities",
    ),
    "p_equivalent": (
        pa.float64(),
        "TOST: p value of a decay factor within 5 % of 1; null for other quantities",
    ),
    "direction": (
        LABEL,
        "of a decay factor: equivalent (to 1, by TOST), vanishes, explodes or undecided; null without an interval",
    ),
    "seed_low": (
        pa.float64(),
        "lower end of the prediction interval of one further seed; null for shares",
    ),
    "seed_high": (pa.float64(), "upper end of the prediction interval"),
    "check_low": (
        pa.float64(),
        "lower end of a second interval for the same value; null if none was made",
    ),
    "check_high": (pa.float64(), "upper end of the second interval"),
    "check": (LABEL, "how the second interval was made, or what took its place and why"),
    "trimmed": (
        pa.float64(),
        "the value without the lowest and the highest fifth of the seeds; null for shares",
    ),
    "trimmed_low": (pa.float64(), "lower end of its interval"),
    "trimmed_high": (pa.float64(), "upper end of its interval"),
    "q10": (pa.float64(), "10 % quantile over seeds; null for shares"),
    "median": (pa.float64(), "median over seeds"),
    "q90": (pa.float64(), "90 % quantile over seeds"),
    "bimodality": (
        pa.float64(),
        "Sarle's coefficient of the distribution over seeds; above 5/9 it may have two modes",
    ),
    "seeds_needed": (
        pa.float64(),
        "seeds for a decay factor's interval from value / 1.05 to 1.05 value, at this spread; infinite above 1,000; else null",
    ),
}

_SETTING = {
    "width": (pa.int32(), "units per hidden layer"),
    "activation": (LABEL, "level name"),
    "initializer": (LABEL, "level name"),
    "optimizer": (LABEL, "level name"),
}

COLUMNS: Mapping[str, Mapping[str, tuple[pa.DataType, str]]] = MappingProxyType(
    {
        "runs": {
            "cell": _KEYS["cell"],
            "seed": _KEYS["seed"],
            "job": (LABEL, "id of the job that trains the run"),
            "depth": (pa.int32(), "hidden layers"),
            "width": (pa.int32(), "units per hidden layer"),
            "activation": (LABEL, "level name"),
            "initializer": (LABEL, "level name"),
            "optimizer": (LABEL, "level name"),
        },
        "probes": {
            **_KEYS,
            "examples": _EXAMPLES,
            "step": _STEP,
            "layer": (pa.int16(), "1 is nearest the input"),
            "kind": (
                LABEL,
                "input, square (width x width) or output; see `keras.kernels.kinds` for models of users",
            ),
            "fan_in": (pa.int32(), "columns of the kernel"),
            "fan_out": (pa.int32(), "rows of the kernel"),
            "g_rms": (
                pa.float64(),
                "root mean square over the entries of dLoss/dW, mean loss over the examples",
            ),
            "g_mean": (pa.float64(), "mean over entries"),
            "g_sd": (pa.float64(), "standard deviation over entries (divisor: entries)"),
            "g_mean_abs": (pa.float64(), "mean absolute entry"),
            "g_l2": (pa.float64(), "Euclidean norm"),
            "g_max_abs": (pa.float64(), "largest absolute entry"),
            "g_zero": (pa.float64(), "share of entries exactly zero in float64"),
            "g_zero_float32": (pa.float64(), "share of entries exactly zero in float32"),
            "zero_cause": (
                LABEL,
                "why the whole float64 gradient is zero: none (it is not), or a cause of `statistics.zero_causes`",
            ),
            "zero_cause_float32": (LABEL, "the same for float32"),
            "delta_rms": (
                pa.float64(),
                "root mean square over units and examples of the per-example dLoss/dz",
            ),
            "h_rms": (
                pa.float64(),
                "root mean square of the activation over units and examples; null for the output layer",
            ),
            "h_saturated": (
                pa.float64(),
                "share of (unit, example) with slope below 1 % of the activation's largest on [-5, 5]; null for output, "
                "NaN where the activations are not finite",
            ),
            "h_dead": (
                pa.float64(),
                "share of units that are off, output and slope exactly 0, on every example; null for output, NaN where the "
                "activations are not finite",
            ),
            "w_mean": (pa.float64(), "mean kernel entry"),
            "w_sd": (
                pa.float64(),
                "standard deviation of kernel entries (divisor: entries); L2² is fan_in fan_out (mean² + sd²)",
            ),
            "w_l1": (pa.float64(), "sum of absolute kernel entries"),
            "w_l1_change": (
                pa.float64(),
                "sum of absolute changes of kernel entries since epoch 0",
            ),
            "update_rms": (
                pa.float64(),
                "root mean square kernel change since the previous probe on such examples; null at the first",
            ),
            "g_quantiles": (
                pa.list_(pa.float64()),
                "quantiles of the entries of dLoss/dW at QUANTILES; null unless asked for",
            ),
            "w_quantiles": (
                pa.list_(pa.float64()),
                "quantiles of the kernel's entries at QUANTILES; null unless asked for",
            ),
        },
        "curves": {
            **_KEYS,
            "step": _STEP,
            "train_loss": (
                pa.float32(),
                "running mean over the epoch's batches, as Keras reports it; null at epoch 0",
            ),
            "train_accuracy": (
                pa.float32(),
                "the same for accuracy; NaN, like every accuracy, once the run has diverged",
            ),
            "test_loss": (pa.float32(), "after the epoch; null where not evaluated"),
            "test_accuracy": (pa.float32(), "after the epoch; null where not evaluated"),
            "probe_loss": (
                pa.float32(),
                "of the whole probe set after the epoch; null where not probed",
            ),
            "probe_accuracy": (pa.float32(), "the same for accuracy"),
            "finite": (pa.bool_(), "false from the first non-finite loss on: the run has diverged"),
        },
        "decays": {
            **_KEYS,
            "examples": _EXAMPLES,
            "alive": (
                pa.bool_(),
                "every layer's float64 gradient is finite and has a non-zero entry",
            ),
            "zero_cause": (
                LABEL,
                "cause of the first all-zero layer counted from the output; none if alive or non-finite",
            ),
            "d_g": (
                pa.float64(),
                "decay factor of g, per layer toward the input, square layers; < 1 shrinks toward the input; "
                "null below depth 4 and unless alive",
            ),
            "d_delta": (pa.float64(), "decay factor of delta"),
            "d_h": (pa.float64(), "decay factor of h"),
            "interior_g": (
                pa.float64(),
                "g_rms of layer L over layer 2; > 1 shrinks toward the input, the opposite of d_g; "
                "null below depth 3 and unless alive",
            ),
            "interior_delta": (pa.float64(), "the same for delta"),
            "interior_h": (pa.float64(), "the same for h"),
            "curvature_g": (
                pa.float64(),
                "quadratic coefficient of log g_rms on the layer number over the square layers; 0 if every layer has the same "
                "factor; null below depth 4 and unless alive",
            ),
            "curvature_delta": (pa.float64(), "the same for delta"),
            "curvature_h": (pa.float64(), "the same for h"),
            "end_to_end_g": (
                pa.float64(),
                "g_rms of the output layer over layer 1, the tutorials' ratio; > 1 shrinks toward the input, the opposite "
                "of d_g; null unless alive",
            ),
            "end_to_end_mean_abs": (pa.float64(), "the same for g_mean_abs"),
        },
        "outcomes": {
            "cell": _KEYS["cell"],
            "seed": _KEYS["seed"],
            "status": (LABEL, "learned, not learned, dead or diverged"),
            "train_loss": (pa.float64(), "at the last epoch"),
            "train_accuracy": (pa.float64(), "at the last epoch"),
            "test_loss": (pa.float64(), "at the last epoch"),
            "test_accuracy": (pa.float64(), "at the last epoch"),
        },
        "estimates": {
            "cell": _KEYS["cell"],
            "quantity": (
                LABEL,
                "a column of decays or outcomes, or a share of seeds: p_alive, p_zero_CAUSE (a layer's whole gradient is zero for"
                " that cause), p_zero_float32_CAUSE (the same in float32: dead, saturation or underflow), p_learned, p_dead, "
                "p_diverged, p_vanishing_g and p_vanishing_delta (decay factor below 1 / 1.05)",
            ),
            "examples": _EXAMPLES,
            "epoch": _KEYS["epoch"],
            **_ESTIMATE,
            **_BAND,
            **CHECKS,
        },
        "trajectories": {
            "cell": _KEYS["cell"],
            "quantity": (
                LABEL,
                "a loss or an accuracy of curves, at the probe epochs where some seed has one",
            ),
            "epoch": _KEYS["epoch"],
            **_ESTIMATE,
        },
        "profiles": {
            "cell": _KEYS["cell"],
            "quantity": (LABEL, "a column of probes, or zero_float32"),
            "examples": _EXAMPLES,
            "epoch": _KEYS["epoch"],
            "layer": (pa.int16(), "1 is nearest the input"),
            **_ESTIMATE,
            **_BAND,
        },
        "contrasts": {
            "cell": _KEYS["cell"],
            "reference": (LABEL, "id of the cell compared with"),
            "factor": (LABEL, "the one factor in which the two cells differ"),
            "quantity": (LABEL, "a quantity of estimates, measured on the probe set"),
            "epoch": _KEYS["epoch"],
            "value": (
                pa.float64(),
                "ratio cell / reference, or difference cell - reference, as method says",
            ),
            "low": _ESTIMATE["low"],
            "high": _ESTIMATE["high"],
            "p": (
                pa.float64(),
                "two-sided p value, not corrected; of shares by Fisher's exact test; null where there is none",
            ),
            "p_adjusted": (
                pa.float64(),
                "the same corrected for the number of tests in the family",
            ),
            "family": (LABEL, "the tests corrected together: contrast, quantity and epoch"),
            "correction": (
                LABEL,
                "Holm inside a family declared in the study file; exploratory, FDR for every other quantity",
            ),
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "n": _ESTIMATE["n"],
            "n_reference": (pa.int32(), "seeds of the reference in the design"),
            "n_alive": (pa.int32(), "seeds of the cell that entered"),
            "n_alive_reference": (pa.int32(), "seeds of the reference that entered"),
        },
        "linearity": {
            "cell": _KEYS["cell"],
            "quantity": (LABEL, "curvature_g, curvature_delta or curvature_h, at epoch 0"),
            "value": (
                pa.float64(),
                "mean over seeds of the quadratic coefficient of log RMS on the layer number",
            ),
            "low": _ESTIMATE["low"],
            "high": _ESTIMATE["high"],
            "p": (pa.float64(), "two-sided p value of no curvature, not corrected"),
            "p_adjusted": (pa.float64(), "Holm over all cells of the study, for one quantity"),
            "bend": (
                pa.float64(),
                "by what factor the decay factor changes from the first to the last square layer",
            ),
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "n": _ESTIMATE["n"],
            "n_alive": _ESTIMATE["n_alive"],
        },
        "limits": {
            **_SETTING,
            "factor": (
                LABEL,
                "the factor in which the setting is compared with the reference; null: the setting's own limit",
            ),
            "reference": (
                LABEL,
                "the level of that factor compared with; null: the setting's own limit",
            ),
            "value": (
                pa.float64(),
                "depth at which half the seeds still learn, by a monotone fit; null beyond the range. Of a comparison: the "
                "difference setting - reference of the limits, either one held inside the range",
            ),
            "low": (pa.float64(), "lower end of the interval; null where it lies beyond the range"),
            "high": (
                pa.float64(),
                "upper end of the interval; null where it lies beyond the range",
            ),
            "range": (
                LABEL,
                "inside; deeper: half the seeds learn even at the deepest; shallower: fewer do at the shallowest. Of a "
                "comparison: inside if both limits are, else the one that is not",
            ),
            "shallowest": (pa.int32(), "smallest depth with outcomes"),
            "deepest": (pa.int32(), "largest depth with outcomes"),
            "fit": (
                LABEL,
                "not monotone: the share that learned rises with depth by more than chance explains (p below .05), so there is "
                "no one limit; interpolated: it lies between depths that are far apart, at which the interval ends; else "
                "monotone. Of a comparison: the worse of the two",
            ),
            "misfit": (
                pa.float64(),
                "largest distance between a share that learned and the monotone fit; null of a comparison",
            ),
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "n": (pa.int32(), "runs with an outcome, all depths together"),
        },
        "variances": {
            "quantity": (LABEL, "log d_g, log d_delta or test_accuracy"),
            "epoch": _KEYS["epoch"],
            "source": (
                LABEL,
                "a factor, two factors and what they do together, higher interactions, or seed",
            ),
            "value": (
                pa.float64(),
                "share of the variance over runs, noise of the cell means taken off; 0 to 1",
            ),
            "low": _ESTIMATE["low"],
            "high": _ESTIMATE["high"],
            "freedom": (pa.int32(), "degrees of freedom of the source"),
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "n_cells": (pa.int32(), "cells that entered"),
            "n": (pa.int32(), "runs that entered"),
        },
        "overlays": {
            "cell": _KEYS["cell"],
            "quantity": (
                LABEL,
                "d_delta, d_g, d_h, or var_interior_delta, the variance over seeds of log interior_delta; at epoch 0",
            ),
            "predicted": (pa.float64(), "what theory says"),
            "standing": (
                LABEL,
                "of the prediction: exact, asymptotic (the limit of infinite width) or approximation",
            ),
            "source": (LABEL, "where the prediction comes from"),
            **_ESTIMATE,
            "z": (
                pa.float64(),
                "log value / predicted, in standard errors of log value; null without an interval or if nothing varies",
            ),
        },
        "coverage": {
            "procedure": (LABEL, "the interval or test"),
            "role": (
                LABEL,
                "primary: decides, and is as stated everywhere; labelled: decides, and label says where it is not as stated; "
                "second: shown beside; withdrawn: simulated only, not offered",
            ),
            "label": (
                LABEL,
                "of all simulations of the procedure in this role together: as stated (within .02 of the nominal coverage), "
                "conservative (never less often right than it says) or approximate, with the coverage found",
            ),
            "truth": (LABEL, "what the data are drawn from"),
            "n": (pa.int32(), "seeds of a sample"),
            "nominal": (
                pa.float64(),
                "what the coverage should be; of a test, its largest error rate",
            ),
            "coverage": (
                pa.float64(),
                "share of the intervals made that hold the truth; of a test, share of false findings",
            ),
            "low": (
                pa.float64(),
                "lower end of the simulation's own 95 % interval for the coverage",
            ),
            "high": (pa.float64(), "upper end"),
            "width": (
                pa.float64(),
                "median width of the intervals, on the scale on which they are made; null of a test",
            ),
            "made": (pa.int32(), "repetitions in which an interval could be made"),
            "repetitions": (pa.int32(), "all of them"),
        },
        "conformance": {
            "source": (LABEL, "where the number was published"),
            "quantity": (LABEL, "what it is"),
            "setup": (LABEL, "of which network, and how many"),
            "published": (pa.float64(), "the published number"),
            "ours": (pa.float64(), "the same by this package; null: not run"),
            "rule": (LABEL, "when the two agree"),
            "agrees": (pa.bool_(), "whether they do; null: not run"),
            "note": (LABEL, "what else to know, or why it was not run"),
        },
        "arms": {
            "cell": _KEYS["cell"],
            "quantity": (LABEL, "an accuracy or loss of curves, or a column of probes"),
            "examples": _EXAMPLES,
            "epoch": _KEYS["epoch"],
            "step": _STEP,
            "layer": (pa.int16(), "1 is nearest the input; 0 for the whole network"),
            "q05": (pa.float64(), "5 % quantile over the seeds with a value"),
            "median": (pa.float64(), "median over these seeds"),
            "q95": (pa.float64(), "95 % quantile over these seeds"),
            "entries": (
                pa.list_(pa.float64()),
                "of g_quantiles and w_quantiles: the median over seeds of each quantile of the entries; null otherwise",
            ),
            "reported": (
                pa.float64(),
                "the tutorial's single run, at the last epoch; null where it reports none",
            ),
            "n": _ESTIMATE["n"],
            "n_failed": (pa.int32(), "seeds without a finite value"),
        },
        "claims": {
            "id": (LABEL, "of the claim in the inventory of the tutorials"),
            "tutorial": (LABEL, "A, B or C"),
            "study": (LABEL, "the study that tests it"),
            "arm": (LABEL, "arm of the study, or levels of its factors"),
            "claim": (LABEL, "what the tutorial claims, in our words"),
            "setup": (LABEL, "of which network and data"),
            "statement": (LABEL, "the part of the claim that this row judges"),
            "quantity": (LABEL, "the number per run that stands for it"),
            "reported": (LABEL, "what the tutorial reports"),
            "reported_low": (
                pa.float64(),
                "the reported number or the lower end of the reported range; null if none",
            ),
            "reported_high": (
                pa.float64(),
                "the reported number or the upper end of the reported range; null if none",
            ),
            "comparator": (LABEL, "what the quantity is compared with"),
            "value": (
                pa.float64(),
                "the estimate: of the quantity, of the share of seeds, or of a difference, as method says",
            ),
            "low": _ESTIMATE["low"],
            "high": _ESTIMATE["high"],
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "seed_low": (pa.float64(), "lower end of where one more seed falls"),
            "seed_high": (pa.float64(), "upper end of where one more seed falls"),
            "share": (
                pa.float64(),
                "share of the seeds for which the statement holds, or that come near the reported number",
            ),
            "n": (pa.int32(), "seeds in the design; of two networks, pairs of seeds"),
            "n_failed": (pa.int32(), "seeds left out for a missing or non-finite value"),
            "verdict": (LABEL, "one of `claims.verdicts.VERDICTS`, such as replicated or not run"),
            "needed_n": (
                pa.int32(),
                "seeds that would settle an inconclusive verdict; null if none would or none are needed",
            ),
            "reasoning": (
                LABEL,
                "how the verdict follows, and why this quantity stands for the claim",
            ),
            "sample": (
                pa.list_(pa.float64()),
                "the quantity's values over seeds, ascending, thinned",
            ),
        },
        "prediction": {
            "group": (LABEL, "all runs, or those of an activation"),
            "predictor": (
                LABEL,
                "what predicts that a run will not learn, known before training: a key of `prediction.predictors.PREDICTORS`, "
                "a rule or a model",
            ),
            "kind": (
                LABEL,
                "predictor, rule (a published rule of thumb) or model (logistic, cells held out)",
            ),
            "quantity": (
                LABEL,
                "AUC, AUC within cells (runs that differ in their seed alone), both also of runs with a decay factor of δ where "
                "a predictor is known of more, vanished where failed or learned (share of these runs with a decay factor below "
                "1), sensitivity, specificity, Brier score, deviance explained or calibration "
                "(share of runs that failed in a tenth of them, by predicted probability)",
            ),
            "x": (
                pa.float64(),
                "calibration: mean predicted probability of failure; null otherwise",
            ),
            "value": _ESTIMATE["value"],
            "low": _ESTIMATE["low"],
            "high": _ESTIMATE["high"],
            "method": _ESTIMATE["method"],
            "confidence": _ESTIMATE["confidence"],
            "n": (
                pa.int32(),
                "runs, of the activation or all; of those that failed, or learned, where only they count",
            ),
            "n_failed": (pa.int32(), "runs left out because the predictor is not defined for them"),
            "failures": (
                pa.int32(),
                "of the `n - n_failed` runs that entered, those that did not learn",
            ),
            "mixed": (
                pa.int32(),
                "cells of which some runs learned and some did not; without any there is no interval",
            ),
        },
    }
)


def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table, with each column's description in its field metadata.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    return pa.schema(
        [
            pa.field(name, type_, metadata={"description": text})
            for name, (type_, text) in COLUMNS[table].items()
        ]
    )
