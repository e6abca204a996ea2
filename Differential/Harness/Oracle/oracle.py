"""The oracle of the differential tests: does in torch, step by step, what Bonsai does, and tells what came of it.

Requests come on standard input, one line of JSON each. A reply is one line of JSON, whose last field `bytes` says how
many raw bytes of tensors follow it. A tensor that has not changed since the reply before is not sent again.
"""

import ctypes
import json
import sys
import traceback
import warnings

import torch

from session import Session
from surgery import widen_nuclear_norms


class Wire:
    def __init__(self):
        self.sent = {}

    def reply(self, status, message="", tensors=(), **fields):
        listed, blobs = [], []
        for key, tensor in tensors:
            plain = tensor.detach().contiguous()
            data = ctypes.string_at(plain.data_ptr(), plain.nbytes) if plain.nbytes else b""
            known = self.sent.get(key) == data
            self.sent[key] = data
            if not known:
                blobs.append(data)
            listed.append(
                {
                    "key": key,
                    "dtype": str(tensor.dtype)[6:],
                    "shape": list(tensor.shape),
                    "strides": list(tensor.stride()),
                    "requiresGrad": tensor.requires_grad,
                    "bytes": -1 if known else len(data),
                }
            )
        blob = b"".join(blobs)
        header = {"status": status, "message": message, "tensors": listed, **fields, "bytes": len(blob)}
        sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + blob)
        sys.stdout.buffer.flush()


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    widen_nuclear_norms()
    torch.backends.mha.set_fastpath_enabled(False)
    wire, session = Wire(), None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            if "build" in request:
                wire.sent = {}
                session = None
                session = Session(request["build"])
                wire.reply("done", tensors=session.tensors(), **session.names())
                continue
            refusal, extra = session.perform(request)
            wire.reply(
                "refused" if refusal else "done",
                refusal,
                tensors=session.tensors(),
                **session.names(),
                **extra,
            )
        except Exception as error:  # not torch's refusal, but a mistake in the oracle
            wire.reply("fault" if session else "impossible", f"{error!r}\n{traceback.format_exc()}")


main()
