"""Fine-tuning of a pretrained denoiser to the picture, by any loss that needs no truth, of what may change.

Given           y = x + noise, and a denoiser f that was trained on other pictures
Structure       f; what may change is all of it, or its gains, biases, normalisation or last layers, or a change of low
                rank (LoRA)
Input           y; or y with some elements replaced by neighbours; or a half-size picture of y
Loss            SURE: ‖f(y) − y‖² − nσ² + 2σ² div f(y); or ‖m · (f(replaced y) − y)‖², of Noise2Void or Noise2Self; or
                ‖f(one half-size picture) − the other‖²; or SURE of y with fresh noise (eSURE); or
                ‖f(f₀(y) + n) − f₀(y)‖₁, f₀ as it came (re-noising)
Regularisation  what does not change; squares of the picture are held out, and the answer is f's own unless the error
                there is surely lower

Soltanayev, Chun. Training deep learning based denoisers without ground truth data. NeurIPS 2018.
Krull, Buchholz, Jug. Noise2Void. CVPR 2019. Batson, Royer. Noise2Self. ICML 2019.
Zhussip, Soltanayev, Chun. Extending Stein's unbiased risk estimator. NeurIPS 2019. Vaksman, Elad, Milanfar. LIDIA:
lightweight learned image denoising with instance adaptation. CVPR Workshops 2020.
Mansour, Heckel. Zero-Shot Noise2Noise. CVPR 2023. Hu et al. LoRA. ICLR 2022.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import Statistics, adapting
from oneself.recipes.adaptation.examples import Loss


@method(
    "Fine-tuning of a pretrained denoiser to the input",
    cite="Soltanayev, Chun. Training deep learning based denoisers without ground truth data. NeurIPS 2018.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
    presets={"gains": {"what": "gains"}, "lora": {"what": "lora:4"}},
)
def fine_tuning(
    y: Tensor,
    physics: Any,
    *,
    weights: a.Weights = None,
    what: a.Change = "all",
    loss: Annotated[
        Loss,
        Option(
            "what is minimised: Stein's estimate, as it is or with noise added; the error at hidden elements; from one "
            "half to the other; or of taking new noise off the network's own answer"
        ),
    ] = "sure",
    statistics: Annotated[
        Statistics, Option("what normalisation layers divide by: statistics of the training, or of the input")
    ] = "trained",
    sigma: o.Sigma = None,
    lr: a.LearningRate = None,
    steps: a.Steps = 200,
    patch: a.Patch = 128,
    patches: o.Patches = 1,
    hold_out: a.HoldOut = 0.2,
    validate_every: o.ValidateEvery = 10,
    patience: o.Patience = 60,
    caution: a.Caution = 0.5,
    tile: o.Tile = 1024,
) -> Stage:
    return adapting(
        y,
        "fine_tuning",
        weights=weights,
        what=what,
        loss=loss,
        sigma=sigma,
        lr=lr,
        steps=steps,
        patch=patch,
        patches=patches,
        hold_out=hold_out,
        validate_every=validate_every,
        patience=patience,
        caution=caution,
        tile=tile,
        statistics=statistics,
    )
