"""One thread: the same bits wherever the tests run, and several runs of them side by side."""

import torch

torch.set_num_threads(1)
