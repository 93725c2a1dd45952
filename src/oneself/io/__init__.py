"""Image files and arrays, in and out, with everything their owner had: depth, axes, alpha, profile, sizes and words.

`read` a file to a `Picture`, `split` it into the images to restore, bring each `to_unit` range and back `from_unit`,
`join` them and `write`.
"""

from .clips import CLIP_ENDINGS, check_clip_output, is_folder, read_clip, write_clip
from .files import check_output, losses, read, write
from .formats import EXTENSIONS
from .items import Item, join, split
from .orientation import is_swapped, upright
from .paths import find_images, output_path, part_path, passed_over, side_path
from .picture import Metadata, Picture, PixelSize, Resolution, Timing, check_axes
from .saving import NotSaved, SavedAside, announced, check_target, save, save_aside, write_text_atomic

__all__ = [
    "CLIP_ENDINGS",
    "EXTENSIONS",
    "Item",
    "Metadata",
    "NotSaved",
    "Picture",
    "PixelSize",
    "Resolution",
    "SavedAside",
    "Timing",
    "announced",
    "check_axes",
    "check_clip_output",
    "check_output",
    "check_target",
    "find_images",
    "is_folder",
    "is_swapped",
    "join",
    "losses",
    "output_path",
    "part_path",
    "passed_over",
    "read",
    "read_clip",
    "save",
    "save_aside",
    "side_path",
    "split",
    "upright",
    "write",
    "write_clip",
    "write_text_atomic",
]
