"""Options that make each method quick, and still let every promise be broken."""

from typing import Any

from oneself.testing.networks import ToldSmoother

BOUNCING = {"lr": 0.3, "smoothing": 0.0}  # of few steps some must be worse than the one before: patience counts
EAGER = {"caution": 0.0, "lr": 0.02}  # of few steps some must be better than none, or every seed has one answer
WATCHED = {**BOUNCING, "stop": "variance", "patience": 2}
NEAR = {"lr": 0.3, "patience": 2}  # of a generator whose weights bounce
GIVEN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("dgp", "iagan", "ilo", "pti"), NEAR),
    **{key: {"sigma": 0.1} for key in ("adir", "ddpg")},  # as the cases have
    "audio_texture": {"shortest": 0.002, "longest": 0.008, "context": 0.004, "temperature": 4.0},  # of 30 ms
    "catch_a_waveform": {"steps": 2, "layers": 1, "width": 2, "coarsest_width": 2, "coarsest": 2500.0},
    "camera_blend": {"weights": ToldSmoother(), "passes": 1},
    "cs_sure": {**EAGER, "adapting_steps": 6, "steps": 2, "weights": ToldSmoother()},
    "ct_pure": {**EAGER, "gain": 0.02, "weights": ToldSmoother()},
    "dip_sgld": {"sigma": 0.1},  # that cannot be told from a measurement with gaps
    **dict.fromkeys(("deep_red", "dip", "pip", "pnp_dip"), WATCHED),
    **{key: {"layers": 4, "dilated_layers": 1} for key in ("patch_diffusion", "sinddm")},  # fewer layers are allowed
    "dip_sure": {"sigma": 0.3, **BOUNCING},
    "dip_tv": WATCHED,
    "dip_sure_ste": {
        "sigma": 0.5,
        "start": 4,
        "smoothing": 0.0,
    },  # the estimated error soon crosses zero
    "double_dip": {"steps": 12, "tolerance": 0.9, "target_psnr": 20.0},  # both ends of a stage are near
    "fine_tuning": EAGER,
    "gain_tuning": EAGER,
    "dpir": {"weights": ToldSmoother(), "steps": 3},
    "idbp": {"weights": ToldSmoother(), "steps": 3},
    "idbp_ia": {**EAGER, "weights": ToldSmoother(), "adapting_steps": 3, "patches": 2, "steps": 2},
    "kernelgan": {"spectral_steps": 4},
    "mlsr": {"lr": 0.01},  # the contract's other weights are steep
    "noise2self": {"grid_width": 2},
    "noise2void": {"structure": "disc"},  # beside which its extent counts
    "p_gsure": {  # its floor is soon reached, and its denoiser counts until then
        "sigma": 0.1,
        **BOUNCING,
        "ridge": 1e-9,
        "denoiser": "total-variation",
        "penalty": 1.0,
        "denoise_every": 2,
        "extra_steps": 6,
    },
    "sinfusion": {"timesteps": 10},
    "singan": {"scale_factor": 0.5},  # few scales
    "stein_blend": {"sigma": 0.1, "passes": 1},  # quick
}
