"""``method="auto"``: look at the task, the noise, the size and the time allowed; pick; say what and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from oneself.operators.mixture import MIXTURES
from oneself.quantities import duration

if TYPE_CHECKING:
    from oneself.core import Method
    from oneself.noise import NoiseReport

__all__ = ["QUALITIES", "Choice", "Quality", "choose", "choose_for_recording"]

Quality = Literal["fast", "best"]
QUALITIES: tuple[Quality, ...] = ("fast", "best")

PATCHES = 18  # side of the smallest picture from whose patches patch_diffusion learns
SMALLEST = 16  # elements along two axes under which patches have too few like them, and pairs teach too little
SHORTEST = 128  # elements of a signal, likewise
FAR = 4  # extent of correlated noise that every other element still shares little of
PATIENCE = 60.0  # seconds that are waited for quality where no time is given
PATIENCES = {None: PATIENCE, "fast": 0.0, "best": math.inf}  # by the quality that is asked for
GROUPS_PACE = 5e-5  # seconds that all passes over groups of similar patches take for each value of a picture
COARSE = 0.3  # of that is taken by two passes over fewer groups
BLEND_PACE = 5.5e-5  # seconds for each value, of groups that are blended with the package's denoiser
LOOK_PACE = 7e-6  # seconds for each pixel, of one look by that
BLOCKS_PACE = 4e-6  # seconds for each pixel, of filters of blocks
CAMERA_PASSES = 3  # of the groups beside the denoiser for photographs
VIEWS = {True: 16, False: 2}  # looks with an ensemble of views and without, each also with more noise
BLENDED = 128  # side of the smallest picture of which that measured better
BLENDED_UP_TO = 60 / 255  # of the range: each of nine colour pictures and seven gray ones gained at 25 and at 50
PRIOR_PATIENCE = 30.0  # seconds that it may take where a quick answer is wanted
PRIOR_FROM = 64  # side of the smallest picture in which Stein's estimate has enough to go by
ALONE = {"passes": 0, "passes_after": 0, "ensemble": False}  # the denoiser and the noisy picture blended
PRIOR_UP_TO = 75 / 255  # of the range: the strongest noise that it was trained on
TELLING = 24  # side of the smallest picture that tells whether neighbours share its noise
UNLIKE = 3.0  # times as much noise in one channel as in another, from which they are counted with apart
FAINTEST = 1e-6  # of the range: a level that leaves a picture as it is
PLUGGED = ("inpaint", "deblur")  # pictures: the denoiser is above the deep image prior there, in a fraction of the time
TURNS, FEWEST_TURNS = 16, 4  # of the denoiser and the measurement
WHITE = {"spectrum": "white", "block": 8, "stride": 2}  # of noise that is the same at all frequencies
BLIND_STEPS = 300  # after which blind spots gain less than a tenth of a dB more, in three times the time
CALM = 1.5 / 255  # of the range: noise below which nothing visible is gained
RECORDINGS = {
    "denoise": ("block_thresholding", "attenuates blocks of time and frequency by what they hold above the noise"),
    "inpaint": ("audio_texture", "the moments of the recording that fit the gap's surroundings"),
    "super-resolve": ("band_attention", "the high frequencies that an example has where its low ones are alike"),
    "generate": ("audio_texture", "attention over the recording's own moments; nothing is trained"),
}


@dataclass(frozen=True)
class Choice:
    """What was picked: ``method`` (a key, or the method given), ``options`` for it, and ``why``, in words."""

    method: str | Method
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)


def choose(
    task: str,
    y: Tensor,
    *,
    sigma: float | None = None,
    seconds: float | None = None,
    device: str | torch.device | None = None,
    quality: Quality | None = None,
) -> Choice:
    """The method for one input.

    Parameters
    ----------
    task : str
        One of those of images.
    y : Tensor
        ``(1, C, *spatial)``, in [0, 1].
    sigma : float, optional
        The noise level where it is known, in units of the [0, 1] range; estimated otherwise.
    seconds : float, optional
        Time allowed.
    device : str or torch.device, optional
        Where it will be computed; a GPU where there is one.
    quality : "fast" or "best", optional
        How pictures are denoised: in seconds, or as well as can be however long it takes; within a minute otherwise.
    """
    if task == "super-resolve":
        return Choice("zssr", "learns from the image's own smaller self")
    if task == "kernel":
        return Choice("kernel_spectra", "the picture's smaller copy has its spectrum")
    if task == "generate" and y.ndim == 5:
        return Choice("sinfusion", "learns the frames of a clip, and how they follow each other")
    if task == "generate" and min(y.shape[2:]) < PATCHES:
        return Choice("patch_transport", "learns the patches of one picture, of this small one, too")
    if task == "generate":
        return Choice("patch_diffusion", "learns the patches of one picture at every scale by diffusion, in minutes")
    if task in MIXTURES:
        return Choice("double_dip", "each layer alone is simpler than their mixture")
    if task in PLUGGED and y.ndim == 4:
        return _plugged(y, sigma, seconds)
    if task != "denoise":
        return _prior(y, seconds, device, "any linear operator: the structure of a network as prior")
    from oneself.noise import describe_noise, percent

    report = describe_noise(y[0].cpu().numpy())
    level = report.sigma if sigma is None else sigma
    told = report.words() if sigma is None else f"{report.words()} estimated, sigma {percent(sigma)} given"
    if _too_small(y):
        options = {} if sigma is None else {"sigma": sigma}
        return Choice("smoothing_spline", f"{told}; too small for patches to have any like them: made smooth", options)
    patience = PATIENCES[quality] if quality is not None or seconds is None else math.inf
    limit = math.inf if seconds is None else seconds
    allowed = min(patience, limit)
    look = _Look(y, report, told, level, sigma, GROUPS_PACE * y[0].numel(), allowed, limit)
    if report.correlated and y.ndim == 4 and min(y.shape[2:]) < TELLING and not any(report.stripes):
        return _too_small_to_tell(look)
    if not report.correlated and _bent(look):
        why = f"{told}, growing faster than brightness: made alike everywhere, then groups of similar patches"
        return Choice("stabilised_wiener", why)
    if not report.correlated and _unlike(look):
        why = f"{told}, not alike in all channels: groups of similar patches, told how much each has"
        return Choice("nonlocal_coloured", why, look.given)
    return _correlated(look) if report.correlated else _groups(look, look.told)


@dataclass(frozen=True)
class _Look:
    """What the choice of a denoiser rests on: ``level``, told in ``sigma`` or measured, and the seconds that groups of
    similar patches would need, that are allowed, and that were given."""

    y: Tensor
    report: NoiseReport
    told: str
    level: float
    sigma: float | None
    needed: float
    allowed: float
    limit: float

    @property
    def white(self) -> bool:
        """Noise of one level, alike at all frequencies."""
        kind = self.report.kind
        one_level = kind == "gaussian" or (self.sigma is not None and kind != "signal-dependent")
        return one_level and not self.report.correlated

    @property
    def fewer(self) -> dict[str, Any] | None:
        """The options that make groups of patches fit the time: none, coarser ones, or ``None`` where nothing does."""
        if self.needed <= self.allowed:
            return {}
        return {"passes": 2, "stride": 6} if self.needed * COARSE <= self.allowed else None

    @property
    def given(self) -> dict[str, Any]:
        """The level where it was given."""
        return {} if self.sigma is None else {"sigma": self.sigma}

    @property
    def calm(self) -> str:
        return "; hardly any noise, little will change" if self.level < CALM else ""


def _bent(look: _Look) -> bool:
    """Pictures with white noise of a level that no line of brightness explains, as multiplicative noise has."""
    from oneself.noise import bent_variance

    y = look.y
    if look.sigma is not None or y.ndim != 4 or min(y.shape[2:]) < PRIOR_FROM or look.fewer is None:
        return False
    return look.report.kind != "none" and bent_variance(y[0].cpu().numpy()) is not None


def _too_small_to_tell(look: _Look) -> Choice:
    """Structure of few pixels looks like noise that they share: taken for noise that they do not."""
    from oneself.noise import median_level

    level = median_level(look.y[0].cpu().numpy()) if look.sigma is None else look.sigma
    why = f"{look.told}; too small to tell whether neighbours share it, so taken for white: groups of similar patches"
    return Choice("nonlocal_wiener", why, {"sigma": max(level, FAINTEST)})


def _unlike(look: _Look) -> bool:
    """Pictures whose channels have noise of different levels, each of one, where none was told: as of dyes in a
    microscope."""
    from oneself.noise import describe_noise, estimate_sigma

    y = look.y
    if look.sigma is not None or y.ndim != 4 or y.shape[1] == 1 or look.fewer is None:
        return False
    levels = [estimate_sigma(channel[None]) for channel in y[0].cpu().numpy()]
    if max(levels) <= UNLIKE * max(min(levels), FAINTEST):
        return False
    loudest = y[0, levels.index(max(levels))]
    return describe_noise(loudest[None].cpu().numpy()).kind == "gaussian"


def choose_for_recording(task: str, sigma: float | None = None) -> Choice:
    """The method for a recording. Raises ValueError for a task that none has."""
    if task not in RECORDINGS:
        raise ValueError(f"{task}(in): a recording, of which this cannot be asked. It can {', '.join(RECORDINGS)}.")
    method, why = RECORDINGS[task]
    return Choice(method, why, {} if sigma is None or task != "denoise" else {"sigma": sigma})


def _too_small(y: Tensor) -> bool:
    """Signals shorter than a few patches, and what is thin along all axes but one."""
    sides = sorted(y.shape[2:])
    return sides[-1] < SHORTEST if len(sides) == 1 else sides[-2] < SMALLEST


def _groups(look: _Look, told: str) -> Choice:
    """Similar patches in closed form, fewer where time is short for the picture; a quick method where it is shorter
    yet."""
    fitting = [views for views in VIEWS if _blend_pays(look, views)]
    if fitting:
        why = f"{told}: groups of similar patches blended with a denoiser that was trained on drawn pictures"
        return Choice("stein_blend", why, {"sigma": look.level, **({} if fitting[0] else {"ensemble": False})})
    fewer = look.fewer
    if fewer is None:
        return _quick(look, told)
    options: dict[str, Any] = {"sigma": max(look.level, FAINTEST)}
    if look.sigma is None and look.report.kind == "signal-dependent":
        options["gain"] = look.report.gain
    less = "; fewer of them, for the time" if fewer else ""
    why = f"{told}{look.calm}: groups of similar patches, in closed form{less}"
    return Choice("nonlocal_wiener", why, {**options, **fewer})


def _quick(look: _Look, told: str) -> Choice:
    """Of pictures the package's denoiser where noise is white, and cosine transforms of blocks where it is not, or the
    picture very large; pairs of half-images of what else there is."""
    if look.y.ndim == 4 and _prior_pays(look):
        why = (
            f"{told}: a denoiser that was trained on drawn pictures, where it is nearer than the picture, for the time"
        )
        return Choice("stein_blend", why, {"sigma": look.level, **ALONE})
    if look.y.ndim == 4:
        options = look.given if look.report.correlated else {"sigma": max(look.level, FAINTEST), **WHITE}
        saved = f", as groups of similar patches would take about {duration(look.needed)}" if look.needed > 1 else ""
        return Choice("dct_wiener", f"{told}{look.calm}: cosine transforms of blocks{saved}", options)
    known = look.sigma is not None or look.report.kind != "signal-dependent"
    options = {"sigma": max(look.level, FAINTEST)} if known else {}
    return Choice("zs_n2n", f"{told}{look.calm}: pairs of half-images teach it fastest", options)


def _blend_pays(look: _Look, ensemble: bool) -> bool:
    """Colour and gray pictures with moderate noise of one level, where there is time: measured, and better there."""
    y = look.y
    seen = y.ndim == 4 and y.shape[1] in (1, 3) and min(y.shape[2:]) >= BLENDED
    seconds = BLEND_PACE * y[0].numel() + VIEWS[ensemble] * LOOK_PACE * y[0, 0].numel()
    return look.white and seen and seconds <= look.allowed and CALM <= look.level <= BLENDED_UP_TO


def _prior_pays(look: _Look) -> bool:
    """White noise of one level that the denoiser knows, and a picture that takes it no more than half a minute, or what
    is allowed: there it is 1 to 3 dB above cosine transforms of blocks, in twice the time."""
    seconds = VIEWS[False] * LOOK_PACE * look.y[0, 0].numel()
    known = CALM <= look.level <= PRIOR_UP_TO
    large = min(look.y.shape[2:]) >= PRIOR_FROM
    return look.white and known and large and seconds <= max(look.allowed, PRIOR_PATIENCE) and seconds <= look.limit


def _camera_passes(look: _Look) -> int | None:
    """Colour pictures whose neighbours share noise, stripes aside: how often groups are filtered beside the denoiser in
    the time, 0 where only blocks can be; none of other pictures, and of larger ones."""
    y, report = look.y, look.report
    if y.shape[1] != 3 or min(y.shape[2:]) < PRIOR_FROM or any(report.striped):
        return None
    pixels = y[0, 0].numel()
    if look.needed + VIEWS[True] / 2 * LOOK_PACE * pixels <= look.allowed:
        return CAMERA_PASSES
    quick = (LOOK_PACE + BLOCKS_PACE) * pixels
    return 0 if quick <= min(max(look.allowed, PRIOR_PATIENCE), look.limit) else None


def _correlated(look: _Look) -> Choice:
    """Pictures: groups of patches that count with the noise's covariance, stripes aside. Volumes: blind spots that hide
    what shares the noise. Signals: pairs of elements further apart than the noise, or groups of patches."""
    y, told, report, fewer = look.y, look.told, look.report, look.fewer
    thin = min(y.shape[2:]) < SMALLEST  # whose slices teach a network too little
    if y.ndim > 3 and not thin and sum(level > 0 for level in report.stripes) == 1:
        why = f"{told}: the lines' offsets can be taken away, and blind spots do not mind the rest"
        return Choice("noise2void", why, look.given)
    if y.ndim == 4 and (passes := _camera_passes(look)) is not None:
        what = "groups of similar patches" if passes else "cosine transforms of blocks"
        why = f"{told}: {what} blended with a denoiser that was trained on simulated cameras"
        return Choice("camera_blend", why, {**look.given, **({} if passes else {"passes": 0, "ensemble": False})})
    if y.ndim == 4 and fewer is None:
        return _quick(look, told)
    if y.ndim == 4:
        less = "; fewer of them, for the time" if fewer else ""
        why = f"{told}: groups of similar patches, told how neighbours and channels share the noise{less}"
        return Choice("nonlocal_coloured", why, {**look.given, **(fewer or {})})
    if y.ndim == 5 and not thin:
        why = f"{told}: neighbours share their noise, and blind spots hide them along"
        return Choice("noise2void", why, {"steps": BLIND_STEPS, **look.given})
    if max(report.extent) <= FAR and y.ndim < 5 and min(y.shape[2:]) >= 2 * SMALLEST:
        options: dict[str, Any] = {"stride": 2, "sigma": look.level} if report.kind == "gaussian" else {"stride": 2}
        return Choice("zs_n2n", f"{told}: neighbours share their noise, every other element hardly does", options)
    return _groups(look, f"{told}, too far for pairs")


def _plugged(y: Tensor, sigma: float | None, seconds: float | None) -> Choice:
    """The package's denoiser, in fewer turns where time is short."""
    why = "a denoiser that was trained on drawn pictures, in turns with what was measured"
    options: dict[str, Any] = {} if sigma is None else {"sigma": sigma}
    turns = TURNS if seconds is None else int(seconds / (LOOK_PACE * y[0, 0].numel()))
    if turns < TURNS:
        options, why = {**options, "steps": max(FEWEST_TURNS, turns)}, f"{why}; fewer of them, for the time"
    return Choice("dpir", why, options)


def _prior_seconds(y: Tensor, device: str | torch.device | None) -> float:
    """About what the small deep image prior takes."""
    gpu = str(device) != "cpu" and torch.cuda.is_available()
    pace = 3e-7 if gpu else 2e-6  # seconds a step and element
    return 1000 * pace * y[0, 0].numel()


def _prior(y: Tensor, seconds: float | None, device: str | torch.device | None, why: str) -> Choice:
    """The deep image prior, smaller where the time allowed is short for the picture."""
    if seconds is not None and seconds < _prior_seconds(y, device):
        return Choice("dip", f"{why}; a thinner network, for the {seconds:g} s allowed", {"width": 16, "levels": 4})
    return Choice("dip", why)
