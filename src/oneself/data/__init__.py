"""Image files and arrays, in and out, with everything their owner had: depth, axes, alpha, profile, sizes and words.

`read` a file to a `Picture`, `split` it into the images to restore, bring each `to_unit` range and back `from_unit`,
`join` them and `write`.
"""

from .clips import CLIP_ENDINGS, check_clip_output, is_folder, read_clip, write_clip
from .files import check_output, read, write
from .items import Item, join, split
from .paths import EXTENSIONS, find_images, output_path, part_path, side_path
from .picture import Metadata, Picture, PixelSize, Resolution, check_axes
from .ranges import Range, check_pixels, from_unit, to_unit
from .saving import NotSaved, SavedAside, announced, check_target, save, save_aside, write_text_atomic

__all__ = [
    "CLIP_ENDINGS",
    "EXTENSIONS",
    "Item",
    "Metadata",
    "NotSaved",
    "Picture",
    "PixelSize",
    "Range",
    "Resolution",
    "SavedAside",
    "announced",
    "check_axes",
    "check_clip_output",
    "check_output",
    "check_pixels",
    "check_target",
    "find_images",
    "from_unit",
    "is_folder",
    "join",
    "output_path",
    "part_path",
    "read",
    "read_clip",
    "save",
    "save_aside",
    "side_path",
    "split",
    "to_unit",
    "write",
    "write_clip",
    "write_text_atomic",
]
