"""Fits the weights of words and class names (text/html/hints.py) to labelled blocks: a logistic regression.

A block is described by the mean over its words and the sum over the class names around it. Each word and class name
has one weight, which is shrunk towards 0; one on fewer than LEAST_DOMAINS domains has none.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tokenmill.text.html.hints import CLASS_STEPS, SLOTS, WORD_STEPS, ZERO, Hints
from tokenmill.text.html.trial import Slots

LEAST_DOMAINS = 8
ROUNDS = 60  # of L-BFGS; more only fit the noise
SHRINK_WORDS, SHRINK_CLASSES = 0.1, 10.0  # ridge; the blocks of a page weigh fit_main_text.PAGE_WEIGHT

Floats = npt.NDArray[np.float64]


class Blocks:
    """The words and class names of labelled blocks of all pages, as a sparse matrix of two times SLOTS columns."""

    def __init__(self, slots: Sequence[Slots], labels: Sequence[Floats], weights: Sequence[Floats]) -> None:
        self._labels, self._weights = np.concatenate(labels), np.concatenate(weights)
        self._pages = np.repeat(np.arange(len(slots)), [len(each) for each in labels])
        starts = np.cumsum([0] + [len(each) for each in labels])
        self._rows = _matrix(slots, starts)

    def fit(self, pages: npt.NDArray[np.bool_], domains: Sequence[str]) -> Hints:
        """Returns the weights for the blocks of some pages. pages: (pages,), which; domains: (pages,)."""
        from scipy import sparse

        numbers = np.unique(np.array(domains), return_inverse=True)[1][self._pages]
        chosen = np.flatnonzero(pages[self._pages] & ~np.isnan(self._labels))
        rows = self._rows[chosen]
        by_domain = sparse.csr_matrix((np.ones(len(chosen)), (numbers[chosen], np.arange(len(chosen)))))
        common = np.asarray(((by_domain @ rows) > 0).sum(axis=0)).ravel() >= LEAST_DOMAINS
        rows = (rows @ sparse.diags(common.astype(np.float64))).tocsr()
        weights = _regression(rows, self._labels[chosen], self._weights[chosen])
        return Hints(_as_bytes(weights[:SLOTS] * WORD_STEPS), _as_bytes(weights[SLOTS:] * CLASS_STEPS))


def _matrix(slots: Sequence[Slots], starts: npt.NDArray[np.int64]):
    from scipy import sparse

    words = np.concatenate([one.words + np.array([start, 0]) for one, start in zip(slots, starts[:-1], strict=True)])
    classes = np.concatenate(
        [one.classes + np.array([start, SLOTS]) for one, start in zip(slots, starts[:-1], strict=True)]
    )
    counts = np.bincount(words[:, 0], minlength=starts[-1])
    values = np.concatenate([1 / counts[words[:, 0]], np.ones(len(classes))])
    places = np.concatenate([words, classes])
    return sparse.csr_matrix((values, (places[:, 0], places[:, 1])), shape=(starts[-1], 2 * SLOTS))


def _regression(rows, labels: Floats, weights: Floats) -> Floats:
    """Returns the coefficient of each column; labels are probabilities."""
    from scipy.optimize import minimize

    turned = rows.T.tocsr()
    shrink = np.repeat([SHRINK_WORDS, SHRINK_CLASSES, 0.0], [SLOTS, SLOTS, 1])

    def loss(at: Floats) -> tuple[float, Floats]:
        odds = rows @ at[:-1] + at[-1]
        errors = np.logaddexp(0, odds) - labels * odds
        slopes = weights * (1 / (1 + np.exp(-odds)) - labels)
        slope = np.append(turned @ slopes, slopes.sum()) + shrink * at
        return float(weights @ errors + shrink @ at**2 / 2), slope

    found = minimize(loss, np.zeros(2 * SLOTS + 1), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    return np.asarray(found.x[:-1])


def _as_bytes(weights: Floats) -> npt.NDArray[np.uint8]:
    return np.clip(np.round(weights) + ZERO, 0, 255).astype(np.uint8)
