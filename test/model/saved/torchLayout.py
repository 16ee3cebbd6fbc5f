"""Scores reads with PyTorch's nn.LSTM: of a safetensors file of the names of its state_dict, and of a model of its own, which
it writes as such a file. Prints the mean log-likelihoods of each read, in float64.

The format is read and written here directly, so that the package safetensors is not needed."""
import json
import struct
import sys

import torch

task = json.load(sys.stdin)


class Model(torch.nn.Module):
    def __init__(self, hidden, embedding):
        super().__init__()
        if embedding:
            self.embedding = torch.nn.Embedding(4, 4)
        self.lstm = torch.nn.LSTM(4, hidden, batch_first=True)
        self.head = torch.nn.Linear(hidden, 4)

    def forward(self, tokens):
        one_hot = torch.nn.functional.one_hot(tokens, 4).to(self.head.weight.dtype)
        x = self.embedding(tokens) if hasattr(self, "embedding") else one_hot
        return torch.log_softmax(self.head(self.lstm(x)[0]), -1)


def load(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    assert header.pop("__metadata__")["format"] == "pt"
    return {
        name: torch.frombuffer(bytearray(data[slice(*entry["data_offsets"])]), dtype=torch.float32).reshape(entry["shape"])
        for name, entry in header.items()
    }


def save(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def scores(model):
    reads = torch.tensor(task["reads"])
    with torch.no_grad():
        logp = model.double()(reads[:, :-1])
    return logp.gather(2, reads[:, 1:, None]).mean((1, 2)).tolist()


torch.manual_seed(5)
model = Model(task["hidden"], task["embedding"])
save(task["own"], model.state_dict())
own = scores(model)
model = Model(task["hidden"], task["embedding"])
model.load_state_dict(load(task["path"]))
print(json.dumps({"read": scores(model), "own": own}))
