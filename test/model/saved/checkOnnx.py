"""Checks ONNX files, whose paths are a JSON array on standard input, with the package onnx: their operator sets and problems."""
import json
import sys

import onnx


def check(path):
    model = onnx.load(path)
    problem = None
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as error:
        problem = str(error)
    return {"operatorSet": model.opset_import[0].version, "problem": problem}


print(json.dumps([check(path) for path in json.load(sys.stdin)]))
