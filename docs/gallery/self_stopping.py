"""Makes self-stopping.png: PSNR step by step, far beyond where each method would have stopped by itself.

    python docs/gallery/self_stopping.py

Four methods denoise one picture as they do by default, but go on where their rule would have stopped them; a dot is
what they would have returned there. The truth is only used to draw the PSNR. The survey's Figure 5(a) shows the same of
the deep image prior and projected GSURE in super-resolution.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from matplotlib import pyplot
from plotting import COLOURS, camera, noise, psnr, write

from oneself.registry import find

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from beyond import watch

SIDE, LEVEL = 80, 25 / 255
METHODS: dict[str, dict[str, Any]] = {
    "dip": {},
    "deep_decoder": {},
    "dip_sure": {"sigma": LEVEL},
    "dip_sure_ste": {"sigma": LEVEL},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    given = parser.parse_args()
    x = camera(SIDE)
    y = x + noise(x, LEVEL)
    figure, axes = pyplot.subplots(figsize=(6.8, 4.2))
    began = time.monotonic()
    for colour, (key, options) in zip(COLOURS, METHODS.items(), strict=False):
        record = find(key)
        seen = watch(record, y, None, x, until=given.steps, device="cpu", **options)
        found, returned = seen.curve, psnr(seen.returned.clamp(0, 1), x)
        axes.plot(range(1, len(found) + 1), found, color=colour, label=record.title)
        if seen.stopped:
            axes.plot(seen.stop_step, returned, "o", color=colour, markersize=8)
        told = f"stopped at step {seen.stop_step} and returned {returned:.2f} dB" if seen.stopped else "had not stopped"
        print(
            f"{key}: best {max(found):.2f} dB at step {found.index(max(found)) + 1}, {found[-1]:.2f} dB at step "
            f"{len(found)}; by itself it {told}"
        )
    print(f"noisy picture {psnr(y, x):.2f} dB; {time.monotonic() - began:.0f} s")
    axes.axhline(psnr(y, x), color="grey", linestyle=":", linewidth=1)
    axes.set(xscale="log", xlim=(20, None), ylim=(18, None), xlabel="step", ylabel="PSNR / dB")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    write(figure, "self-stopping.png")


if __name__ == "__main__":
    main()
