"""From a study of several learning rates to one of the same networks, each at its best rate."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

# factors of which an arm of one network names its level
NAMED = ("depth", "width", "activation", "initializer", "optimizer", "remedy", "rate_factor")


def study_at_best_rates(
    study: Mapping[str, Any], best: Sequence[Mapping[str, Any]], seeds: str
) -> str:
    """Return the text of a study file: every network at its best rate, with seeds of its own.

    Parameters
    ----------
    study
        The resolved study of several rates.
    best
        Of each network its levels and the best `rate_factor`, rows of the table `best_rates`.
    seeds
        As a study file has them, such as `330-429`.
    """
    arms = {f"network {i}": {name: row[name] for name in NAMED} for i, row in enumerate(best, 1)}
    rates = sorted({row["rate_factor"] for row in best})
    left_out = ("name", "arms", "seeds", "choosing_seeds", "trial")
    fields = {key: value for key, value in study.items() if key not in left_out and value}
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(
        {
            **fields,
            "title": f"{study['title']}, fresh seeds",
            "factors": {**study["factors"], "rate_factor": rates},
            "arms": arms,
            "seeds": seeds,
        },
        text,
    )
    return text.getvalue()
