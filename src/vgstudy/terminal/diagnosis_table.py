"""A diagnosis for the terminal."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vgstudy.formatting import interval, number, percent, plural

HEADS = {"g_rms": "g", "delta_rms": "δ", "h_rms": "h"}
SHARES = {"h_saturated": "flat", "h_dead": "off", "g_zero_float32": "g = 0"}
DECAYS = {
    "d_g": "decay of g",
    "d_delta": "decay of δ",
    "d_h": "decay of h",
    "end_to_end_g": "g, output over layer 1",
}


def shown(found: dict[str, Any]) -> Group:
    """The verdict and what it rests on, then a row for each layer."""
    return Group(*(Text(line) for line in lines(found)), layers(found))


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The diagnosis in words."""
    seeds, own = found["seeds"], found["verdicts"].get(found["verdict"], 0)
    yield f"{found['model']}: {found['verdict']} ({own} of {plural(len(seeds), 'seed')}, epoch {found['epoch']})"
    yield f"  rule      {found['rule']}"
    off, flat = (
        _largest(found, name, column)
        for name, column in (("dead", "h_dead"), ("saturated", "h_saturated"))
    )
    yield f"  measured  ratio {number(found['numbers']['ratio'])}, off {off}, flat {flat}"
    yield f"  evidence  {_evidence(found)}"
    if found["advice"]:
        yield f"  try       {found['advice']}"
        yield f"  compare   {_settings(found)}"
    yield f"  before    {'; '.join(f'epoch {epoch}: {_counted(each)}' for epoch, each in found['by_epoch'].items())}"
    for name, text in DECAYS.items():
        each = found["decays"][name]
        if each["value"] is not None:
            yield f"  {text}: {interval(each['value'], each['low'], each['high'])} ({each['n_alive']} of {each['n']} seeds)"


def _largest(found: dict[str, Any], name: str, column: str) -> str:
    """The largest share of units of any layer; nothing where no layer tells of its units."""
    told = found["numbers"][name] or any(each[column] is not None for each in found["layers"])
    return _share(found["numbers"][name]) if told else "not measured"


def layers(found: dict[str, Any]) -> Table:
    """Levels and shares of each layer."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for head in ("", "layer", "kind"):
        table.add_column(head, overflow="fold")
    for head in (*HEADS.values(), *SHARES.values()):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("zero because")
    for each in found["layers"]:
        levels, shares = (
            (number(each[name]) for name in HEADS),
            (_share(each[name]) for name in SHARES),
        )
        causes = {each["zero_cause"], each["zero_cause_float32"]} - {"none"}
        table.add_row(
            str(each["layer"]),
            Text(each["name"]),
            each["kind"],
            *levels,
            *shares,
            ", ".join(sorted(causes)),
        )
    return table


def _evidence(found: dict[str, Any]) -> str:
    each = found["evidence"]
    ended = "learned" if found["verdict"] == "healthy" else "did not learn"
    return (
        f"of {plural(each['given'], 'run')} of study {each['study']} with this verdict at epoch {each['epoch']} "
        f"{each['right']:,} {ended}{_rate(each['right'], each['given'])}; of {each['ended']:,} that {ended} it missed "
        f"{each['missed']:,}{_rate(each['missed'], each['ended'])}"
    )


def _settings(found: dict[str, Any]) -> str:
    best = (
        f"{s['activation']} with {s['initializer']} ({percent(s['learned'] / s['runs'])})"
        for s in found["settings"]
    )
    return f"of the study's nets of {found['deep']} hidden layers and more learned most often: {', '.join(best)}"


def _rate(count: int, of: int) -> str:
    return f" ({percent(count / of)})" if of else ""


def _share(value: float | None) -> str:
    return number(None) if value is None else percent(value)


def _counted(verdicts: dict[str, int]) -> str:
    return (
        ", ".join(verdicts)
        if len(verdicts) == 1
        else ", ".join(f"{count} {name}" for name, count in verdicts.items())
    )
