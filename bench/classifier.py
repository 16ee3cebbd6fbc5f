"""The reference's classifier (google-research, genomics_ood, classifier.py) in PyTorch, on given reads and parameters.

Takes a job as JSON on standard input, and prints JSON: the loss and accuracy of each step, the accuracy and mean
log-likelihood on the validation rows, and the median milliseconds of a step. Used by classifier.js and by
test/model/classification/pytorch.test.ts, which say what is in the file of the job (`problem`).
"""
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Classifier(nn.Module):
    def __init__(self, job, values):
        super().__init__()
        motifs, length, hidden, classes = (job[k] for k in ("motifs", "motifLength", "hidden", "classes"))
        offset = 0

        def take(*shape):
            nonlocal offset
            count = int(np.prod(shape))
            offset += count
            return torch.from_numpy(values[offset - count : offset].reshape(shape).copy())

        self.dropout = job["dropout"]
        self.table = nn.Parameter(torch.eye(4)) if job["embedding"] else None
        self.conv = nn.Conv1d(4, motifs, length)
        self.dense = nn.Linear(motifs, hidden)
        self.logits = nn.Linear(hidden, classes)
        with torch.no_grad():
            self.conv.weight.copy_(take(length, 4, motifs).permute(2, 1, 0))
            self.conv.bias.copy_(take(motifs))
            for layer, (rows, columns) in ((self.dense, (motifs, hidden)), (self.logits, (hidden, classes))):
                layer.weight.copy_(take(rows, columns).T)
                layer.bias.copy_(take(columns))

    def forward(self, tokens):
        x = F.one_hot(tokens, 4).float()
        if self.table is not None:
            x = x @ self.table
        matches = self.conv(x.transpose(1, 2))
        # The fastest form of a maximum over positions: amax takes twice as long here.
        pooled = F.relu(F.max_pool1d(matches, matches.size(2)).squeeze(2))
        pooled = F.dropout(pooled, self.dropout, self.training)
        hidden = F.dropout(F.relu(self.dense(pooled)), self.dropout, self.training)
        return self.logits(hidden)


def main():
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    data = np.fromfile(job["problem"], dtype=np.uint8)
    width = job["length"] + 1
    values = data[: 4 * job["parameters"]].view(np.float32)
    rows = torch.from_numpy(data[4 * job["parameters"] :].astype(np.int64)).reshape(-1, width)
    training = rows[: job["steps"] * job["batch"]].reshape(job["steps"], job["batch"], width)
    validation = rows[job["steps"] * job["batch"] :]

    model = Classifier(job, values)
    optimiser = torch.optim.Adam(model.parameters(), lr=job["learningRate"])
    losses, accuracies, times = [], [], []
    for batch in training:
        began = time.perf_counter()
        tokens, labels = batch[:, :-1], batch[:, -1]
        logits = model(tokens)
        loss = F.cross_entropy(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        times.append(1000 * (time.perf_counter() - began))
        accuracies.append((logits.argmax(1) == labels).float().mean().item())

    model.eval()
    correct, likelihood = 0, 0.0
    with torch.no_grad():
        for part in validation.split(100):
            logits, labels = model(part[:, :-1]), part[:, -1]
            correct += (logits.argmax(1) == labels).sum().item()
            likelihood -= F.cross_entropy(logits, labels, reduction="sum").item()
    count = max(1, len(validation))
    print(
        json.dumps(
            {
                "version": torch.__version__,
                "losses": losses,
                "accuracies": accuracies,
                "accuracy": correct / count,
                "likelihood": likelihood / count,
                "milliseconds": float(np.median(times)),
            }
        )
    )


main()
