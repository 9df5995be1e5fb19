"""Numbers as TensorBoard's summaries: scalars, histograms, hyperparameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.hparams import api_pb2, summary_v2
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.util.tensor_util import make_tensor_proto


def scalar(tag: str, value: float) -> Summary.Value:
    """A number under a tag; what stands before the tag's first slash is its section on the page."""
    about = scalar_metadata.create_summary_metadata(display_name=None, description=None)
    return Summary.Value(
        tag=tag, metadata=about, tensor=make_tensor_proto(float(value), dtype=np.float64)
    )


def histogram(
    tag: str, quantiles: ArrayLike, levels: Sequence[float], entries: int
) -> Summary.Value:
    """A histogram, which TensorBoard also shows as distribution, from quantiles.

    Parameters
    ----------
    quantiles, levels
        Quantiles at ascending levels, the first 0 and the last 1.
    entries
        How many numbers they are the quantiles of.
    """
    about = histogram_metadata.create_summary_metadata(display_name=None, description=None)
    return Summary.Value(
        tag=tag,
        metadata=about,
        tensor=make_tensor_proto(buckets(quantiles, levels, entries), dtype=np.float64),
    )


def buckets(quantiles: ArrayLike, levels: Sequence[float], entries: int) -> NDArray[np.float64]:
    """Histogram buckets between different quantiles, (bucket, [left, right, count]); one of no
    width if all are equal.

    Equal quantiles are an atom; its share falls into the bucket that ends there, that of an atom at
    the minimum into the first.
    """
    values = np.asarray(quantiles, dtype=float)
    last = np.append(values[1:] > values[:-1], True)
    edges, share = values[last], np.asarray(levels, dtype=float)[last]
    if len(edges) == 1:
        return np.array([[edges[0], edges[0], entries]])
    return np.column_stack(
        [
            edges[:-1],
            edges[1:],
            entries * np.diff(share, prepend=0.0)[1:] + _at_minimum(share, entries),
        ]
    )


def _at_minimum(share: NDArray[np.float64], entries: int) -> NDArray[np.float64]:
    first = np.zeros(len(share) - 1)
    first[0] = entries * share[0]
    return first


def event(step: int, values: Iterable[Summary.Value], time: float) -> Event:
    """Everything that belongs to one step; time in seconds since 1970."""
    return Event(step=step, wall_time=time, summary=Summary(value=values))


def hyperparameters(values: Mapping[str, Any], trial: str, time: float) -> list[Summary]:
    """The summaries that enter a run, under its own name, in the HParams tab."""
    return [
        summary_v2.hparams_pb(dict(values), trial_id=trial, start_time_secs=time),
        summary_v2._summary_pb(
            summary_v2.metadata.SESSION_END_INFO_TAG,
            summary_v2.plugin_data_pb2.HParamsPluginData(
                session_end_info=summary_v2.plugin_data_pb2.SessionEndInfo(
                    status=api_pb2.STATUS_SUCCESS, end_time_secs=time
                )
            ),
        ),
    ]


def experiment(
    domains: Mapping[str, Sequence[Any]], metrics: Mapping[str, str], time: float
) -> Summary:
    """The summary that tells the HParams tab its columns: hyperparameters with their values,
    metrics as tag and title."""
    columns = [
        summary_v2.HParam(name, summary_v2.Discrete(values)) for name, values in domains.items()
    ]
    shown = [summary_v2.Metric(tag, display_name=title) for tag, title in metrics.items()]
    return summary_v2.hparams_config_pb(columns, shown, time_created_secs=time)
