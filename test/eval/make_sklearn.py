"""What scikit-learn and SciPy (Debian: python3-sklearn) say about scores.

Without arguments, by hand: writes sklearn.json beside this file, about scores that metrics.test.ts makes again:
    python3 test/eval/make_sklearn.py && npx biome check --write test/eval
With -: metrics of scores on standard input, a JSON list of {"inside": [...], "outside": [...]}; metrics.test.ts does so.
"""
import json
import os
import sys

import numpy
import scipy
import scipy.stats
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


def uniforms(seed, count):
    """A linear congruential generator (Numerical Recipes): doubles in [0, 1)."""
    values = []
    for _ in range(count):
        seed = (1664525 * seed + 1013904223) % 2**32
        values.append(seed / 2**32)
    return values


def scores(case):
    """In-distribution scores are shifted; `levels` > 0 rounds them down to that many values per unit, for ties."""
    draws = uniforms(case["seed"], case["in"] + case["ood"])
    draws = [u + (case["shift"] if i < case["in"] else 0) for i, u in enumerate(draws)]
    if case["levels"]:
        draws = [numpy.floor(u * case["levels"]) / case["levels"] for u in draws]
    return numpy.array(draws[: case["in"]]), numpy.array(draws[case["in"] :])


def fpr_at_tpr(labels, values, level):
    fpr, tpr, _ = roc_curve(labels, values, drop_intermediate=False)
    return fpr[tpr >= level].min()


def metrics(inside, outside):
    is_in = numpy.r_[numpy.ones(len(inside)), numpy.zeros(len(outside))]
    values = numpy.r_[inside, outside]
    out = {
        "auroc": roc_auc_score(is_in, values),
        "auprcIn": average_precision_score(is_in, values),
        "auprcOod": average_precision_score(1 - is_in, -values),
    }
    for level in (0.8, 0.95):
        out[f"fprIn{level}"] = fpr_at_tpr(is_in, values, level)
        out[f"fprOod{level}"] = fpr_at_tpr(1 - is_in, -values, level)
    return out


def evaluate(case):
    inside, outside = scores(case)
    out = metrics(inside, outside)
    short = min(len(inside), len(outside))
    if short > 2:
        out["pearson"] = scipy.stats.pearsonr(inside[:short], outside[:short])[0]
        out["spearman"] = scipy.stats.spearmanr(inside[:short], outside[:short])[0]
    return {**case, **out}


if sys.argv[1:] == ["-"]:
    print(json.dumps([metrics(case["inside"], case["outside"]) for case in json.load(sys.stdin)]))
    sys.exit()

cases = [
    {"seed": 1, "in": 200, "ood": 300, "shift": 0.2, "levels": 0},
    {"seed": 2, "in": 200, "ood": 300, "shift": 0.2, "levels": 10},
    {"seed": 3, "in": 50, "ood": 1000, "shift": 0.3, "levels": 0},
    {"seed": 4, "in": 1000, "ood": 50, "shift": -0.25, "levels": 7},
    {"seed": 5, "in": 10, "ood": 10, "shift": 0.1, "levels": 3},
    {"seed": 6, "in": 1, "ood": 1, "shift": 1.0, "levels": 0},
    {"seed": 7, "in": 100, "ood": 100, "shift": 1.0, "levels": 0},
    {"seed": 8, "in": 400, "ood": 400, "shift": 0.0, "levels": 2},
]
t = [0, 0.1, 1, 1.959963984540054, 2.8, 5, 10, 30]
degrees_of_freedom = [1, 2, 3, 9, 30, 1000, 100000]
result = {
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
    "cases": [evaluate(case) for case in cases],
    "student": [
        {
            "degreesOfFreedom": df,
            "quantile": scipy.stats.t.ppf(0.975, df),
            "twoSidedP": [[x, 2 * scipy.stats.t.sf(x, df)] for x in t],
        }
        for df in degrees_of_freedom
    ],
}
with open(os.path.join(os.path.dirname(__file__), "sklearn.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
