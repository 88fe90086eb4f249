"""The way from columns to an estimator, drawn by the plot directive."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

BLUE, RED, GREY, PAPER = "#4c72b0", "#c44e52", "0.35", "#eef2f8"
WIDTHS = {"question": 2.3, "columns": 2.9, "wish": 3.6, "answer": 4.3}
LEFT = {"question": 0.0, "columns": 2.9, "wish": 6.5, "answer": 10.8}
STEP, HEIGHT = 0.62, 0.46

WAYS = {
    "zeros and ones": (
        ("the best density", "HelmholtzMachine(autoregressive=True)"),
        ("what occurs together: a density", "RestrictedBoltzmannMachine"),
        ("exact or mean-field causes, to study", "SigmoidBeliefNet"),
        ("layers, to start a perceptron from", "DeepBeliefNet"),
    ),
    "of several kinds\n(a DataFrame)": (
        ("density, gaps filled, what if", "HelmholtzMachine(autoregressive=True)"),
    ),
    "real numbers": (
        ("loadings, a linear model", "FactorAnalysis"),
        ("curved, a few latents", "GaussianHelmholtzMachine"),
        ("independent, skewed sources", "IndependentComponents"),
        ("a few causes out of many", "SparseCoding"),
        ("slow causes of a time series", "SlowFeatureAnalysis"),
    ),
    "ordered answers": (("scales of a questionnaire", "OrdinalFactorAnalysis"),),
    "counts": (("causes of counts, sparse too", "HelmholtzMachine(visible='poisson')"),),
}
AROUND = (
    ("a label to predict, gaps allowed", "LatentClassifier"),
    ("a label, zeros and ones", "RestrictedBoltzmannClassifier"),
    ("gaps to fill, in a pipeline", "LatentImputer"),
    ("rows that do not fit", "LatentAnomalyDetector"),
    ("several machines as one density", "DensityMixture"),
    ("a density behind a transformer", "TransformedDensity"),
)


@dataclass
class Box:
    """A box with words, by the height of its middle."""

    kind: str
    words: str
    middle: float

    def draw(self, axes):
        """Draw it; answers are code."""
        is_answer = self.kind == "answer"
        axes.add_patch(
            FancyBboxPatch(
                (LEFT[self.kind], self.middle - HEIGHT / 2), WIDTHS[self.kind], HEIGHT,
                boxstyle="round,pad=0.02,rounding_size=0.1",
                facecolor=PAPER if is_answer else "white", edgecolor=BLUE if is_answer else GREY,
                linewidth=1.2,
            )
        )  # fmt: skip
        axes.text(
            LEFT[self.kind] + WIDTHS[self.kind] / 2, self.middle, self.words, ha="center",
            va="center", fontsize=8.5 if is_answer else 9,
            family="monospace" if is_answer else "sans-serif",
        )  # fmt: skip

    @property
    def right(self):
        """Where lines begin."""
        return LEFT[self.kind] + WIDTHS[self.kind] + 0.03, self.middle

    @property
    def left(self):
        """Where lines end."""
        return LEFT[self.kind] - 0.03, self.middle


def join(axes, first, second):
    """Draw a line from box to box."""
    (x, y), (to_x, to_y) = first.right, second.left
    middle = (x + to_x) / 2
    axes.plot([x, middle, middle, to_x], [y, y, to_y, to_y], color=GREY, linewidth=1, zorder=0)


def wishes(pairs, top):
    """Boxes of wishes and answers, from a height down, and the next height."""
    heights = [top - STEP * number for number in range(len(pairs))]
    boxes = [
        (Box("wish", wish, y), Box("answer", answer, y))
        for (wish, answer), y in zip(pairs, heights, strict=True)
    ]
    return boxes, heights[-1] - STEP


def chart():
    """The whole picture."""
    _, axes = plt.subplots(figsize=(10.6, 7.6), layout="constrained")
    y, columns = 0.0, []
    for kind, pairs in WAYS.items():
        boxes, below = wishes(pairs, y)
        box = Box("columns", kind, (boxes[0][0].middle + boxes[-1][0].middle) / 2)
        columns.append((box, boxes))
        y = below - 0.12
    question = Box(
        "question", "Columns are ...", (columns[0][0].middle + columns[-1][0].middle) / 2
    )
    around, bottom = wishes(AROUND, y - 0.3)
    other = Box("question", "And any of these\nmay have ...", around[2][0].middle)
    for box, boxes in columns:
        join(axes, question, box)
        for wish, answer in boxes:
            join(axes, box, wish)
            join(axes, wish, answer)
    for wish, answer in around:
        join(axes, other, wish)
        join(axes, wish, answer)
    drawn = [question, other, *(box for box, _ in columns)]
    drawn += [box for _, boxes in columns for pair in boxes for box in pair]
    for box in [*drawn, *(box for pair in around for box in pair)]:
        box.draw(axes)
    axes.axhline(y + 0.06, color="0.8", linewidth=1)
    axes.set(xlim=(-0.1, 15.2), ylim=(bottom + 0.2, 0.45))
    axes.axis("off")
