"""Makes two-photon.jpg: a real micrograph before and after `oneself.denoise`, with nothing chosen.

    python docs/pictures/two_photon.py --data PATH/fmdd

`PATH/fmdd` holds `raw/TwoPhoton_BPAE_G_2.png`, one exposure, and `gt/…`, the mean of fifty, of the Fluorescence
Microscopy Denoising dataset (Zhang et al., CVPR 2019). Both halves of the picture are shown twice as large and
brightened alike; the mean of fifty only serves to print how far each is from it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from skimage.metrics import peak_signal_noise_ratio

import oneself

NAME = "TwoPhoton_BPAE_G_2.png"
SHOWN = (slice(120, 360), slice(150, 390))
GAP = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("two-photon.jpg"))
    given = parser.parse_args()
    raw, mean = (imageio.imread(given.data / kind / NAME) for kind in ("raw", "gt"))
    began = time.monotonic()
    result = oneself.denoise(raw, full=True)
    seconds = time.monotonic() - began
    print("\n".join(result.notes))
    before, after = (peak_signal_noise_ratio(mean, x) for x in (raw, result.image))
    print(f"{before:.2f} dB before, {after:.2f} dB after, from the mean of fifty exposures; {seconds:.1f} s")
    white = np.quantile(mean, 0.998)
    panels = [shown(x, white) for x in (raw, result.image)]
    gap = np.full((len(panels[0]), GAP), 255, np.uint8)
    imageio.imwrite(given.out, np.concatenate([panels[0], gap, panels[1]], axis=1), quality=88)


def shown(x: np.ndarray, white: float) -> np.ndarray:
    """The part that is shown, twice as large, brightened."""
    part = (np.clip(x[SHOWN] / white, 0, 1) ** 0.7 * 255).astype(np.uint8)
    return np.repeat(np.repeat(part, 2, 0), 2, 1)


if __name__ == "__main__":
    main()
