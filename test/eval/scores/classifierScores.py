"""Scores of classifiers computed directly, for classifierScores.test.ts, which has the job on its standard input."""
import json
import sys

import numpy as np

job = json.load(sys.stdin)
temperature, epsilon = job["temperature"], job["epsilon"]


def softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def arrays(model):
    kernel = np.array(model["kernel"]).reshape(model["hidden"], model["classes"])
    features = np.array(model["features"]).reshape(-1, model["hidden"])
    return kernel, np.array(model["bias"]), features


def probabilities(model, features=None, t=temperature):
    kernel, bias, given = arrays(model)
    return softmax(((given if features is None else features) @ kernel + bias) / t)


def entropy_and_maximum(p):
    return (p * np.log(p)).sum(1), np.log(p.max(1))


def odin(model):
    """The gradient of the predicted class's probability by central differences."""
    _, _, z = arrays(model)
    best = probabilities(model).argmax(1)
    rows = np.arange(len(z))
    gradient = np.zeros_like(z)
    for h in range(z.shape[1]):
        step = np.zeros(z.shape[1])
        step[h] = 1e-5
        above, below = (probabilities(model, z + s)[rows, best] for s in (step, -step))
        gradient[:, h] = (above - below) / 2e-5
    return np.log(probabilities(model, z + epsilon * np.sign(gradient)).max(1))


def mahalanobis(model):
    hidden, classes = model["hidden"], model["classes"]
    _, _, z = arrays(model)
    x = np.array(job["fitted"]).reshape(-1, hidden)
    y = np.array(job["fittedClasses"])
    means = np.array([x[y == c].mean(0) for c in range(classes)])

    def squared_distances(centre, covariance):
        ridge = job["ridge"] * np.trace(covariance) / hidden
        inverse = np.linalg.inv(covariance + ridge * np.eye(hidden))
        d = z - centre
        return np.einsum("ni,ij,nj->n", d, inverse, d)

    within = np.cov((x - means[y]).T, bias=True)
    nearest = np.min([squared_distances(m, within) for m in means], axis=0)
    overall = squared_distances(x.mean(0), np.cov(x.T, bias=True))
    return -nearest, overall - nearest


first, second = job["models"]
mean = (probabilities(first) + probabilities(second)) / 2
negative_entropy, maximum = entropy_and_maximum(probabilities(first))
ensemble_entropy, ensemble_maximum = entropy_and_maximum(mean)
distance, relative = mahalanobis(first)
likelihoods = np.array(job["likelihoods"])
print(
    json.dumps(
        {
            "maximum": maximum.tolist(),
            "entropy": negative_entropy.tolist(),
            "ensembleMaximum": ensemble_maximum.tolist(),
            "ensembleEntropy": ensemble_entropy.tolist(),
            "odin": odin(first).tolist(),
            "mahalanobis": distance.tolist(),
            "relative": relative.tolist(),
            "waic": ((likelihoods.mean(0) - likelihoods.var(0)) / job["count"]).tolist(),
        }
    )
)
