"""PyTorch: nn.LSTM, a hand-written cell in a loop, and torch.jit.script of the same loop.

Speaks the protocol of ../participant.js. The hand-written cell is what a careful user would write: the product with the
input is taken for all steps at once.
"""
import json
import sys
import time

import numpy as np
import torch
from torch import Tensor, nn


def read_problem(work):
    """Parameters and tokens of the problem's file (see ../problem.js)."""
    hidden = work["hidden"]
    data = np.fromfile(work["problem"], dtype=np.uint8)
    parameters, offset = [], 0
    for shape in [(4 + hidden, 4 * hidden), (4 * hidden,), (hidden, 4), (4,)]:
        count = int(np.prod(shape))
        values = data[offset : offset + 4 * count].view(np.float32).reshape(shape)
        parameters.append(torch.from_numpy(values.copy()))
        offset += 4 * count
    tokens = torch.from_numpy(data[offset:].astype(np.int64)).reshape(work["batch"], work["steps"])
    return parameters, tokens


def lstm(projected: Tensor, recurrent: Tensor) -> Tensor:
    """Outputs [T, B, H] of the cell over the input's share of the gates [T, B, 4H], the state starting from zero."""
    c = projected.new_zeros(projected.size(1), recurrent.size(0))
    h = c
    outputs = []
    for x in projected.unbind(0):
        i, j, f, o = torch.addmm(x, h, recurrent).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


class Written(nn.Module):
    def __init__(self, kernel, bias, cell):
        super().__init__()
        hidden = bias.numel() // 4
        self.input = nn.Parameter(kernel[:4].clone())
        self.recurrent = nn.Parameter(kernel[4:].clone())
        self.bias = nn.Parameter(bias.clone())
        self.register_buffer("forget", torch.tensor([0.0, 0.0, 1.0, 0.0]).repeat_interleave(hidden))
        self.cell = cell

    def forward(self, x):
        return self.cell(x @ self.input + (self.bias + self.forget), self.recurrent)

    def gradients(self):
        return torch.cat([self.input.grad, self.recurrent.grad]), self.bias.grad


class BuiltIn(nn.Module):
    """nn.LSTM, whose gates are i, f, j, o and which has two biases: the second one stays zero."""

    def __init__(self, kernel, bias):
        super().__init__()
        hidden = bias.numel() // 4
        self.order = torch.arange(4 * hidden).reshape(4, hidden)[[0, 2, 1, 3]].flatten()
        self.lstm = nn.LSTM(4, hidden)
        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(kernel[:4].T[self.order])
            self.lstm.weight_hh_l0.copy_(kernel[4:].T[self.order])
            self.lstm.bias_ih_l0.copy_(bias[self.order])
            self.lstm.bias_ih_l0[hidden : 2 * hidden] += 1
            self.lstm.bias_hh_l0.zero_()
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, x):
        return self.lstm(x)[0]

    def gradients(self):
        of = self.lstm
        kernel = torch.cat([of.weight_ih_l0.grad, of.weight_hh_l0.grad], 1)
        return kernel[self.order].T, of.bias_ih_l0.grad[self.order]  # swapping two gates undoes itself


class Model(nn.Module):
    def __init__(self, parameters, variant):
        super().__init__()
        kernel, bias, dense_kernel, dense_bias = parameters
        if variant == "nn.LSTM":
            self.recurrent = BuiltIn(kernel, bias)
        else:
            self.recurrent = Written(kernel, bias, torch.jit.script(lstm) if variant == "script" else lstm)
        self.dense_kernel = nn.Parameter(dense_kernel.clone())
        self.dense_bias = nn.Parameter(dense_bias.clone())

    def losses(self, tokens):
        """Cross-entropy of every predicted base, [B, T-1]."""
        steps = tokens.T
        x = nn.functional.one_hot(steps[:-1], 4).float()
        logits = self.recurrent(x) @ self.dense_kernel + self.dense_bias
        losses = nn.functional.cross_entropy(logits.flatten(0, 1), steps[1:].flatten(), reduction="none")
        return losses.reshape(x.shape[:2]).T

    def gradients(self):
        return [*self.recurrent.gradients(), self.dense_kernel.grad, self.dense_bias.grad]


def main():
    work = json.loads(sys.argv[-1])
    torch.set_num_threads(work["threads"])
    parameters, tokens = read_problem(work)
    model = Model(parameters, work["variant"])
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=5e-4)

    def train():
        optimiser.zero_grad(set_to_none=True)
        loss = model.losses(tokens).mean()
        loss.backward()
        optimiser.step()
        return loss.item()

    def score():
        with torch.no_grad():
            return model.losses(tokens).mean(1).numpy().mean().item()

    def run(count):
        step = train if work["work"] == "train" else score
        start = time.perf_counter()
        value = step()
        for _ in range(count - 1):
            step()
        return {"seconds": time.perf_counter() - start, "value": value}

    def gradients(path):
        model.zero_grad()
        loss = model.losses(tokens).mean()
        loss.backward()
        with open(path, "wb") as file:
            for gradient in model.gradients():
                file.write(gradient.contiguous().numpy().tobytes())
        return {"value": loss.item()}

    def answer(value):
        print(json.dumps(value), flush=True)

    answer({"ready": {"version": torch.__version__}})
    for line in iter(sys.stdin.readline, ""):
        verb, argument = line.split()
        answer(run(int(argument)) if verb == "run" else gradients(argument))


main()
