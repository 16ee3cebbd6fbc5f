"""Has PyTorch write a model of DNA as ONNX; prints its mean log-likelihood of each read, in float64."""
import json
import sys
import warnings

import torch

warnings.simplefilter("ignore")
try:
    # Only functions of scripts need the package onnx there.
    from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

    onnx_proto_utils._add_onnxscript_fn = lambda model, opsets: model
except ImportError:
    pass  # an older PyTorch

task = json.load(sys.stdin)
torch.manual_seed(3)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(4, 7, batch_first=task["batchFirst"])
        self.linear = torch.nn.Linear(7, 4)

    def forward(self, x):
        return torch.log_softmax(self.linear(self.lstm(x)[0]), -1)


model = Model()
legacy = {} if torch.__version__ < "2.5" else {"dynamo": False}
torch.onnx.export(model, (torch.zeros(2, 5, 4),), task["path"], opset_version=17 if legacy else 13, **legacy)

reads = torch.tensor(task["reads"])
one_hot = torch.nn.functional.one_hot(reads[:, :-1], 4).double()
with torch.no_grad():
    double = model.double()
    logp = double(one_hot if task["batchFirst"] else one_hot.transpose(0, 1))
    if not task["batchFirst"]:
        logp = logp.transpose(0, 1)
print(json.dumps(logp.gather(2, reads[:, 1:, None]).mean((1, 2)).tolist()))
