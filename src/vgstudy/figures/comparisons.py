"""Levels of factors compared by how often runs learn: odds ratios over all depths, two changes made
at once."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.analysis.contrasts import INTERACTION
from vgstudy.analysis.intervals import ALPHA
from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, RED, Look, activation_key, colours
from vgstudy.figures.view import DEPTH, SETTING, Axis, View, in_rows
from vgstudy.formatting import level_text, levels_text, plural
from vgstudy.schema import DEFAULT_LEVELS, FACTORS

# beyond it an odds ratio is drawn at the edge
WIDEST = (1e-3, 1e3)
APART = 0.22  # of the distance between rows, from one activation to the next
ROW_ORDER = ("initializer", "optimizer", "rate_factor", "remedy", "width")
DOT: Look = {"color": GREY, "marker": "o", "markersize": 4, "linewidth": 1.0}
OPEN_OR_FULL: tuple[Look, ...] = (
    {**DOT, "label": "decided"},
    {**DOT, "label": "undecided", "fillstyle": "none"},
)
EFFECTS_KEY: tuple[Look, ...] = (
    {"color": GREY, "marker": "o", "markersize": 3, "linewidth": 0.5, "label": "one depth"},
    {"color": RED, "linewidth": 1.4, "label": "mean over depths"},
)


@figure(
    "odds-ratios",
    title="Which level learns more often",
    caption="Odds of learning over those with the reference, all depths of a setting together. "
    "Full markers: decided (Holm).",
    details="Decided: Holm's corrected p is below .05. Beyond 1,000 either way an odds ratio is "
    "drawn at the edge.",
    needs="no two settings differ in a declared contrast alone, or none has both runs that "
    "learned and runs that did not",
)
def odds_ratios(frames: Frames) -> View:
    """Select the odds ratios of each contrast, a row for each setting without its activation."""
    rows = _ordered(frames)
    runs = int(rows["n"].sum() + rows["n_reference"].sum())
    rows, axes = in_rows(rows.assign(x=rows["value"].clip(*WIDEST)), "setting")
    ends = rows[["low", "high"]].clip(*WIDEST)
    return View(
        rows.drop(columns="n"),
        axes,
        Axis("odds ratio of learning", "log", limits=(ends["low"].min(), ends["high"].max())),
        "Corrected within each contrast.",
        across=(),
        counts=f"{plural(len(rows), 'test')} on {plural(runs, 'run')}.",
        line=("setting",),
        panel=draw_odds,
        key=[*activation_key(rows), *OPEN_OR_FULL],
        takeaway=clearest(frames.pooled),
    )


def clearest(pooled: pd.DataFrame) -> str:
    """Say which two levels differ most often from their reference in how often runs learn."""
    compared = []
    for (factor, reference), rows in pooled.groupby(["factor", "reference"], observed=True):
        for level, some in rows.groupby(str(factor), observed=True):
            pair = [level_text(str(factor), name) for name in (level, reference)]
            compared.append(_more_often(some, *pair))
    best = sorted(compared, reverse=True)[:2]
    return "; ".join(text for share, text in best if share)


def _more_often(rows: pd.DataFrame, level: str, reference: str) -> tuple[float, str]:
    """Return in which share of settings a level learns more often than the reference, or less
    often, whichever are more, and the same in words."""
    decided = rows[rows["p_adjusted"] < ALPHA]
    more = int((decided["value"] > 1).sum())
    less = len(decided) - more
    count, word = (more, "more") if more >= less else (less, "less")
    text = f"{level} learns {word} often than {reference} in {count} of {len(rows)} settings"
    return count / len(rows), text


def _ordered(frames: Frames) -> pd.DataFrame:
    """Return the known odds ratios by contrast, level compared and setting, in the study's
    order."""
    known = frames.pooled[frames.pooled["value"].notna()]
    levels = frames.study["factors"]
    rows = known.assign(
        quantity=known["family"].astype("str"),
        contrast=known["family"].astype("object").factorize()[0],
        level=[
            list(levels[row["factor"]]).index(row[row["factor"]]) for _, row in known.iterrows()
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
    for (activation, decided), rows in points.groupby(
        ["activation", points["p_adjusted"] < ALPHA], observed=True
    ):
        look: Any = {"color": palette[str(activation)], "linewidth": 1.0}
        low, high = rows["low"].clip(WIDEST[0] / 2), rows["high"].clip(upper=2 * WIDEST[1])
        axes.hlines(rows["y"], low, high, **look)
        filling: Any = "full" if decided else "none"
        axes.plot(rows["x"], rows["y"], "o", fillstyle=filling, markersize=4, **look)


@figure(
    "two-by-two",
    title="Two changes made at once",
    caption="Differences of shares that learn. Dots: single depths; line and band: mean over "
    "depths.",
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
    return View(
        at_depths.assign(quantity=at_depths["effect"].astype("str"), x=at_depths["depth"]).drop(
            columns="n"
        ),
        axes,
        DEPTH,
        across=tuple(setting),
        line=("effect",),
        panel=draw_effects,
        key=EFFECTS_KEY,
    )


def draw_effects(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the effect at each depth as a dot with its interval, that over all depths as a line."""
    x = points["x"].astype(float)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.vlines(x, points["low"], points["high"], color=GREY, linewidth=0.5, alpha=0.6)
    axes.plot(x, points["value"], "o", color=GREY, markersize=2.5)
    value, low, high = (points[f"{end}_overall"].iloc[0] for end in ("value", "low", "high"))
    axes.fill_between([x.min(), x.max()], low, high, color=RED, alpha=0.2, linewidth=0)
    axes.plot([x.min(), x.max()], [value, value], color=RED, linewidth=1.4)
