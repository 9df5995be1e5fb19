"""Levels of factors compared by how often runs learn: odds ratios over all depths, two changes made
at once."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.analysis.intervals import ALPHA
from vgstudy.analysis.two_by_two import INTERACTION
from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, RED, Look, activation_key, colours
from vgstudy.figures.view import DEPTH, SETTING, Axis, View, in_rows
from vgstudy.formatting import level_text, levels_text, number, plural
from vgstudy.schema import DEFAULT_LEVELS, FACTORS

# beyond it an odds ratio is drawn at the edge
WIDEST = (1e-3, 1e3)
APART = 0.22  # of the distance between rows, from one activation to the next
ROW_ORDER = ("initializer", "optimizer", "rate_factor", "remedy", "width")
DOT: Look = {"color": GREY, "marker": "o", "markersize": 4, "linewidth": 1.0}
DECIDED, CHANGES, UNDECIDED = "decided", "changes with depth", "undecided"
FILLINGS = {DECIDED: "full", CHANGES: "bottom", UNDECIDED: "none"}
ODDS_KEY: tuple[Look, ...] = (
    *({**DOT, "label": name, "fillstyle": filling} for name, filling in FILLINGS.items()),
    {**DOT, "label": "beyond 1,000 or infinite", "marker": ">", "linestyle": ""},
)
EFFECTS_KEY: tuple[Look, ...] = (
    {"color": GREY, "marker": "o", "markersize": 3, "linewidth": 0.5, "label": "one depth"},
    {"color": RED, "linewidth": 1.4, "label": "mean over depths"},
)


@figure(
    "odds-ratios",
    title="Which level learns more often",
    caption="Right of 1: learns more often than the reference. Odds ratio of learning, all depths "
    "together. Full: decided.",
    details="Odds: runs that learn over runs that do not. Decided: p is below .05 after Holm's "
    "correction, and the odds ratio does not change with depth. Arrows: beyond 1,000 either way, "
    "or infinite.",
    needs="no two networks differ in a declared contrast alone, or at each depth all of their runs "
    "learned, or none",
)
def odds_ratios(frames: Frames) -> View:
    """Select the odds ratios of each contrast, a row for each setting without its activation."""
    rows = _ordered(frames)
    rows, axes = in_rows(rows.assign(x=rows["value"].clip(*WIDEST)), "setting")
    ends = rows[["low", "high"]].clip(*WIDEST)
    limits = (min(ends["low"].min(), 1) / 3, 3 * max(ends["high"].max(), 1))
    return View(
        rows.drop(columns="n"),
        axes,
        Axis("odds ratio of learning", "log", limits=limits),
        "Corrected within each contrast.",
        across=(),
        counts=f"{plural(len(rows), 'test')} on {plural(len(frames.outcomes), 'run')}.",
        line=("setting",),
        panel=draw_odds,
        key=[*activation_key(rows), *ODDS_KEY],
        takeaway=clearest(frames.pooled),
    )


def clearest(pooled: pd.DataFrame) -> str:
    """Say of each contrast which level differs most often from the reference in how often runs
    learn."""
    texts = []
    for (factor, reference), rows in pooled.groupby(["factor", "reference"], sort=False):
        compared = [
            _more_often(some, *(level_text(str(factor), name) for name in (level, reference)))
            for level, some in rows.groupby(str(factor), observed=True)
        ]
        count, text = max(compared)
        texts.append(text if count else "")
    found = "; ".join(filter(None, texts))
    return f"More runs learn with {found}" if found else ""


def _more_often(rows: pd.DataFrame, level: str, reference: str) -> tuple[int, str]:
    """Return in how many settings one of two levels learns more often, whichever does so in more,
    and the same in words."""
    is_decided, more = outcome(rows) == DECIDED, rows["value"] > 1
    above, below = int((is_decided & more).sum()), int((is_decided & ~more).sum())
    count, first, second = max((above, level, reference), (below, reference, level))
    return count, f"{first} than {second} in {count} of {plural(len(rows), 'setting')}"


def outcome(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return whether each odds ratio is decided. Where it changes with depth, no single one speaks
    for the setting."""
    names = rows["p_adjusted"].lt(ALPHA).map({True: DECIDED, False: UNDECIDED})
    return names.mask(rows["p_depth_adjusted"] < ALPHA, CHANGES)


def _ordered(frames: Frames) -> pd.DataFrame:
    """Return the known odds ratios by contrast, level compared and setting, in the study's
    order."""
    known = frames.pooled[frames.pooled["value"].notna()]
    levels = frames.study["factors"]
    rows = known.assign(
        quantity=known["family"].astype("str"),
        contrast=known["family"].astype("object").factorize()[0],
        level=[
            list(levels[row["factor"]]).index(row[row["factor"]]) * (row["factor"] != "activation")
            for _, row in known.iterrows()
        ],
        setting=[_setting(row) for _, row in known.iterrows()],
    ).sort_values(["contrast", "level", *ROW_ORDER], kind="stable")
    return rows.drop(columns=["contrast", "level"])


def _setting(row: "pd.Series[Any]") -> str:
    """Return a setting without its activation, the compared level first."""
    names = [row["factor"], *(name for name in ROW_ORDER if name != row["factor"])]
    special = [name for name in names if row[name] != DEFAULT_LEVELS.get(name)]
    return levels_text(row, [name for name in special if name != "activation"])


def draw_odds(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a row for every setting of a contrast, activations one below the other."""
    palette = colours(points)
    codes = points["activation"].cat.remove_unused_categories().cat.codes
    points = points.assign(y=points["place"] + APART * (codes - codes.max() / 2))
    axes.axvline(1, color=GREY, linewidth=0.8)
    looks = [points["activation"], outcome(points), points["value"].map(_marker)]
    for (activation, name, marker), rows in points.groupby(looks, observed=True):
        look: Any = {"color": palette[str(activation)], "linewidth": 1.0}
        low, high = rows["low"].clip(WIDEST[0] / 9), rows["high"].clip(upper=9 * WIDEST[1])
        axes.hlines(rows["y"], low, high, **look)
        filling: Any = FILLINGS[str(name)]
        mark: Any = {"marker": marker, "fillstyle": filling, "markersize": 4, "linestyle": ""}
        axes.plot(rows["x"], rows["y"], **mark, **look)


def _marker(ratio: float) -> str:
    """Return the marker of an odds ratio: an arrow beyond the range that is drawn."""
    return "<" if ratio < WIDEST[0] else ">" if ratio > WIDEST[1] else "o"


@figure(
    "two-by-two",
    title="Two changes made at once",
    caption="Change of the share that learns; above 0: more learn. Dots: single depths; line and "
    "band: mean over depths.",
    details="Each change is averaged over both levels of the other. Both together: the share with "
    "both changes less that with neither. Interaction: what the second change does after the "
    "first, less what it does without it.",
    needs="the study has no networks with all four combinations",
    is_of=lambda study: bool(study.get("two_by_two")),
)
def two_by_two(frames: Frames) -> View:
    """Select the effects at every depth, each with that over all depths of its setting."""
    rows = frames.two_by_two
    effects = {str(row["effect"]): str(row["change"]) for _, row in rows.iterrows()}
    setting = [name for name in SETTING if set(rows[name].dropna()) - {DEFAULT_LEVELS.get(name)}]
    overall = rows[rows["depth"].isna()][[*setting, "effect", "value", "low", "high"]]
    at_depths = rows[rows["depth"].notna()].merge(
        overall, on=[*setting, "effect"], suffixes=("", "_overall")
    )
    axes = {
        effect: Axis(effect, limits=(-2.1, 2.1))
        if effect == INTERACTION
        else Axis(f"{effect}:\n{change}" if effect in FACTORS else effect, limits=(-1.05, 1.05))
        for effect, change in effects.items()
    }
    factors = overall[overall["effect"].isin(list(FACTORS))]
    return View(
        at_depths.assign(quantity=at_depths["effect"].astype("str"), x=at_depths["depth"]).drop(
            columns="n"
        ),
        axes,
        DEPTH,
        across=tuple(setting),
        line=("effect",),
        counts=f"{plural(int(at_depths['n'].min()), 'run')} per dot." if len(at_depths) else "",
        panel=draw_effects,
        key=EFFECTS_KEY,
        takeaway=largest_effects(factors, effects),
    )


def largest_effects(overall: pd.DataFrame, changes: Mapping[str, str]) -> str:
    """Say what each change does to the share that learns, averaged over depths, in the settings
    where it does least and most."""
    texts = []
    for effect, rows in overall.groupby("effect", sort=False, observed=True):
        low, high = (
            number(100 * end, 0, True) for end in (rows["value"].min(), rows["value"].max())
        )
        span = low if len(rows) == 1 else f"{low} to {high}"
        texts.append(f"{changes[str(effect)]} {span} points")
    return f"Share that learns, mean over depths: {'; '.join(texts)}" if texts else ""


def draw_effects(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the effect at each depth as a dot with its interval, that over all depths as a line."""
    x = points["x"].astype(float)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.vlines(x, points["low"], points["high"], color=GREY, linewidth=0.5, alpha=0.6)
    axes.plot(x, points["value"], "o", color=GREY, markersize=2.5)
    value, low, high = (points[f"{end}_overall"].iloc[0] for end in ("value", "low", "high"))
    axes.fill_between([x.min(), x.max()], low, high, color=RED, alpha=0.2, linewidth=0)
    axes.plot([x.min(), x.max()], [value, value], color=RED, linewidth=1.4)
