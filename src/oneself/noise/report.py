"""The noise of one picture in a few numbers and one line of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import Bounds, active_bounds, checked, clipped_pixels
from oneself.noise.channels import SHARED, channel_correlation
from oneself.noise.covariance import PatchNoise, estimate_patch_noise
from oneself.noise.level import estimate_sigma
from oneself.noise.outliers import fill_outliers, find_outliers
from oneself.noise.signal import Line, fit_line, variance_curve
from oneself.noise.spectrum import Spectrum, noise_spectrum
from oneself.noise.stripes import stripe_levels

Pixels = NDArray[np.floating]
Kind = Literal["none", "gaussian", "signal-dependent"]

INVISIBLE = 1 / 255  # of the picture's range: fainter noise is not seen, nor told from faint texture
CORRELATED = 0.2  # white noise stays under 0.1 on nearly all pictures, bilinear interpolation gives 0.5
FILLED = 0.9  # share of saturated values from which a picture is two-valued, black or burnt out
COARSE = 1 / 16  # cycles an element along any axis, above which a picture that repeats itself is told
CLOSE = 0.45  # times the picture's contrast, from which a level is suspicious
STRONG = 0.15  # times the contrast, under which a camera's noise may be that, though few waves hold a picture's edges
FEW, LINES = 0.01, 0.6  # share of the waves, and of the power in them, that is in lines of a spectrum
UNIFORM = 4.0  # the spread of the flattest blocks that one and the same noise may have
# The ratios of the variances, bright to dark, beyond which noise depends on the signal. Texture is oftener dark than
# bright, and correlated noise cannot be told from it by frequency: both ask for more.
CONTRAST = {False: (0.5, 1.5), True: (0.1, 3.2)}
FADED = 0.1
SIDE, WIDE = 8, 64  # of the blocks that tell the noise of every brightness, and of the smallest picture with enough
FLATTER, NEIGHBOURS = 0.75, 0.25  # most of that level that white noise of the flattest blocks has; least correlation
SEEN = 1.5 / 255  # of the range: fainter noise of a camera is left to what the flattest blocks say
CLEARLY, MOSTLY = 0.35, 0.6  # correlations of neighbours, and of channels, of blocks of every brightness
LARGE = 1024  # pixels of the middle, along an axis, that tell enough of what repeats itself
SAMPLES, LEVELS = 100_000, 64  # values looked at; more levels than that are not felt beside noise


@dataclass(frozen=True)
class NoiseReport:
    """What `describe_noise` knows of the noise of one picture; levels in units of the range that is worked in.

    `sigma`: root mean square level. `gain`, `offset_variance`: the variance is gain * mean + offset_variance (gain 0
    unless `kind` is "signal-dependent"; a negative offset is a black level, a negative gain a tone curve).
    `correlated`: whether neighbouring pixels share noise; `correlation`: the normalised autocorrelation at one pixel
    along each spatial axis, in the order of the array (0 where not correlated); `extent`: the lag in pixels, along each
    axis, where it falls under 0.1 (1 where not correlated, the block side `reach` where it does not fall).
    `clipped`: the fraction of values exactly at 0 or 1.
    `stripes`: the level of the noise that all elements of a line along each axis share, 0 where there is none (it is
    part of `sigma`); `step`: the distance of the levels that the values are rounded to, 0 where there are many.
    `outliers`: the share of the values that have nothing to do with those around them; all else is of the rest.
    """

    sigma: float
    kind: Kind
    gain: float
    offset_variance: float
    correlated: bool
    correlation: tuple[float, ...]
    extent: tuple[int, ...]
    clipped: float
    reach: tuple[int, ...]
    stripes: tuple[float, ...] = ()
    step: float = 0.0
    outliers: float = 0.0

    @property
    def striped(self) -> tuple[bool, ...]:
        """Whether lines along each axis share noise over more than can be measured."""
        levels = self.stripes or (0.0,) * len(self.extent)
        return tuple(level > 0 or e >= r > 1 for level, e, r in zip(levels, self.extent, self.reach, strict=True))

    def words(self) -> str:
        """One line, such as `white Gaussian noise, sigma 9.7 % of the range`."""
        if self.kind == "none":
            line = f"no visible noise, sigma {percent(self.sigma)}"
        else:
            colour = "correlated" if self.correlated else "white"
            nature = "Gaussian" if self.kind == "gaussian" else "signal-dependent"
            line = ", ".join([f"{colour} {nature} noise", f"sigma {percent(self.sigma)}", *self._details()])
        line += f", {self.clipped:.1%} of the values saturated" if self.clipped >= 0.001 else ""
        line += f", {self.outliers:.1%} of the values outliers" if self.outliers else ""
        return line + (f", quantised to {round(1 / self.step) + 1} levels" if self.step else "")

    def _details(self) -> list[str]:
        details = []
        if self.kind == "signal-dependent":
            details.append(f"variance {self.gain:.2g} x brightness {self.offset_variance:+.2g}")
        if self.correlated:
            names = ["x", "y", "z"][: len(self.extent)][::-1]
            levels = self.stripes or (0.0,) * len(names)
            found = zip(names, self.extent, self.reach, levels, strict=True)
            details += [_reach(name, e, r, level) for name, e, r, level in found if e > 1]
        return details


def describe_noise(x: Pixels) -> NoiseReport:
    """Describe the noise of `x` (C, *spatial), one to three spatial axes, in [0, 1], from `x` alone.

    Everything is measured in the flattest blocks: the spectrum tells correlated noise (whose level is then the mean of
    the spectrum, `estimate_sigma` being too low; in pictures that of `estimate_patch_noise`, which looks at places of
    every brightness, so that black ones, and those that a JPEG file has flattened, do not speak for all), a line of
    variance against mean tells signal-dependent noise. What all channels of a picture share is a camera's.

    Limits. Fine texture that fills the whole picture (grass, gravel) looks like correlated noise. Correlation is judged
    by the upper half of the spectrum, and by the lower half only where the flattest blocks are equally noisy: coarse
    mottle under strong white noise is missed, and noise that a camera or a JPEG file has smoothed away in the flat
    regions but left at the edges is reported as what is left of it in the flat ones. The channels are taken to have
    alike noise. Signal dependence needs flat places of different brightness (variances as 1 to 1.5 at least, 1 to 3 for
    correlated noise) that are not saturated. Under 2/255 the level, kind and correlation of noise and of faint
    texture, rounding and compression are hard to tell apart.

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "describe_noise")
    outliers, step = find_outliers(x), _step(x)
    x = fill_outliers(x, outliers)
    bounds = active_bounds(x)
    white, spectrum = estimate_sigma(x), noise_spectrum(x, bounds)
    stripes = stripe_levels(x)
    blurred, colour = _correlated(white, spectrum), x.ndim == 3 and len(x) == 3
    wide = x.ndim == 3 and min(x.shape[1:]) >= WIDE
    patches = estimate_patch_noise(x, SIDE) if wide and (blurred or colour) else None
    shared = spectrum.sigma if patches is None else patches.level(x)
    developed = colour and _developed(x, white, patches)
    blurred = (blurred and not _repeats(x, spectrum.sigma)) or (developed and not _strong(x, shared))
    clipped = float(clipped_pixels(x, bounds).mean())
    if clipped > FILLED:  # no value in between to tell noise by
        white, blurred, stripes = 0.0, False, (0.0,) * len(stripes)
    sigma, kind, line = _nature(x, bounds, shared if blurred else white, blurred)
    correlation = tuple(spectrum.correlation()) if blurred else (0.0,) * len(stripes)
    extent = _extent(spectrum) if blurred else (1,) * len(stripes)
    if any(stripes) and not blurred:  # too faint for the spectrum, or among too much structure
        of_lines = np.square(stripes)
        sigma = float(np.sqrt(white**2 + of_lines.sum()))
        correlation = tuple((of_lines / sigma**2).tolist())
        kind, line = ("none" if sigma < INVISIBLE else "gaussian"), Line(0.0, sigma**2)
    sides = zip(extent, spectrum.power.shape, stripes, strict=True)
    return NoiseReport(
        sigma=sigma,
        kind=kind,
        gain=line.gain,
        offset_variance=line.offset,
        correlated=blurred or any(stripes),
        correlation=correlation,
        extent=tuple(side if level else e for e, side, level in sides),
        clipped=clipped,
        reach=spectrum.power.shape,
        stripes=stripes,
        step=step,
        outliers=float(outliers.mean()),
    )


def _nature(x: Pixels, bounds: Bounds, sigma: float, correlated: bool) -> tuple[float, Kind, Line]:
    if sigma == 0:
        return 0.0, "none", Line(0.0, 0.0)
    # The flattest blocks of a dark-field picture are black and silent: the line is fitted however low sigma is there.
    line = _dependence(x, bounds, sigma, correlated)
    if line is not None:
        level = float(np.sqrt(max(line.at(float(x.mean())), 0.0)))
        if level >= INVISIBLE:
            return level, "signal-dependent", line
    return sigma, "none" if sigma < INVISIBLE else "gaussian", Line(0.0, sigma**2)


def _correlated(white: float, spectrum: Spectrum) -> bool:
    if spectrum.sigma < INVISIBLE or spectrum.spread > UNIFORM:
        return False
    error = 2 / np.sqrt(spectrum.pixels)
    if white >= INVISIBLE and spectrum.fine_correlation() > CORRELATED + error:
        return True
    return bool(max(spectrum.correlation()) > 0.6 + error and spectrum.spread < 3)


def _developed(x: Pixels, white: float, patches: PatchNoise | None) -> bool:
    """Whether a colour picture's noise is that of a camera's file, though its flattest places hold less: its channels
    share it, as white noise is shared by none, and its neighbours do in places of every brightness."""
    if patches is None:
        return False
    level, neighbours = patches.level(x), min(patches.correlation())
    if level < SEEN or white > FLATTER * level or neighbours < NEIGHBOURS:
        return False
    everywhere = neighbours > CLEARLY and patches.channel_correlation() > MOSTLY
    return everywhere or channel_correlation(x) > SHARED


def _repeats(x: Pixels, sigma: float) -> bool:
    """Whether a picture repeats itself (a lattice, a grating, a checkerboard): a hundredth of its waves hold most."""
    if x.ndim < 3:
        return False
    axes = tuple(range(1, x.ndim))
    x = x[(slice(None), *(slice(max(0, (n - LARGE) // 2), (n + LARGE) // 2) for n in x.shape[1:]))]
    near = sigma > CLOSE * float(x.std(axis=axes).mean())  # longer waves, too, may be what was taken for noise
    level = x - x.mean(axis=axes, keepdims=True)
    for axis in axes:  # without its slopes, whose ends do not meet
        place = np.linspace(-1, 1, x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
        level = level - place * (level * place).mean(axis=axes, keepdims=True) / max(float((place**2).mean()), 1e-12)
    power = (np.abs(np.fft.fftn(level, axes=axes)) ** 2).mean(axis=0)
    waves = np.meshgrid(*(np.abs(np.fft.fftfreq(n)) for n in x.shape[1:]), indexing="ij", sparse=True)
    fine = power[np.max(np.broadcast_arrays(*waves), axis=0) > (COARSE / 2 if near else COARSE)]
    few = max(1, int(FEW * fine.size))
    return bool(fine.size > few and np.partition(fine, -few)[-few:].sum() > LINES * fine.sum())


def _strong(x: Pixels, sigma: float) -> bool:
    """Whether a level is so near the picture's contrast that it may be the picture itself, which repeats itself."""
    contrast = float(x.std(axis=tuple(range(1, x.ndim))).mean())
    return sigma > STRONG * contrast and _repeats(x, sigma)


def _extent(spectrum: Spectrum) -> tuple[int, ...]:
    extents = []
    for axis, side in enumerate(spectrum.power.shape):
        faded = (lag for lag in range(1, side) if spectrum.correlation(lag)[axis] < FADED)
        extents.append(next(faded, side))
    return tuple(extents)


def _dependence(x: Pixels, bounds: Bounds, sigma: float, correlated: bool) -> Line | None:
    """The line of variance against mean where the variance clearly changes with the mean, else None."""
    curve = variance_curve(x, bounds, fine=not correlated)
    if correlated:  # known up to a factor: the flattest blocks have 1, which is sigma^2
        curve[:, 1] *= sigma**2
    line = fit_line(curve)
    dark, bright = (max(line.at(m), sigma**2 / 100) for m in np.quantile(curve[:, 0], [0.1, 0.9]))
    low, high = CONTRAST[correlated]
    error = 1 + 15 / np.sqrt(x[0].size)
    return line if not low / error < bright / dark < high * error else None


def _reach(axis: str, extent: int, limit: int, level: float) -> str:
    if extent < limit:
        return f"{extent} px along {axis}"
    return f"stripes along {axis}" + (f" of {percent(level)}" if level else "")


def percent(level: float) -> str:
    """A level in units of the range, in words: `9.7 % of the range`."""
    return f"{100 * level:.2g} % of the range"


def _step(x: Pixels) -> float:
    """The distance of the levels that the values are rounded to; 0 where there are more than 64 of them."""
    values = x.reshape(-1)
    levels = np.unique(values[:: max(1, values.size // SAMPLES)])
    if not 2 < len(levels) <= LEVELS:
        return 0.0
    step = float(np.diff(levels).min())
    places = (levels - levels[0]) / step
    return step if step >= 1 / LEVELS and bool(np.abs(places - np.rint(places)).max() < 0.05) else 0.0
