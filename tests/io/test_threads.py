"""Reading and writing change nothing that other threads share."""

import logging
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageFile

from oneself import io
from oneself.io import Picture, tiff

RGB = np.random.default_rng(0).integers(0, 256, (24, 28, 3), np.uint8)
ENDINGS = (".png", ".jpg", ".webp", ".bmp", ".tif", ".npy", ".gif", ".ppm", ".tga")


def shared():
    return (
        Image.MAX_IMAGE_PIXELS,
        ImageFile.LOAD_TRUNCATED_IMAGES,
        ImageFile.MAXBLOCK,
        tuple(warnings.filters),
        warnings.showwarning,
        logging.root.level,
        logging.getLogger("tifffile").level,
        sys.getrecursionlimit(),
        str(np.geterr()),
    )


def test_four_threads_read_and_write_while_all_that_is_shared_stays(tmp_path):
    before, seen, done = shared(), set(), threading.Event()
    interval = sys.getswitchinterval()

    def look():
        while not done.is_set():
            seen.add(shared())

    def work(number):
        for ending in ENDINGS:
            path = io.write(Picture(RGB, "YXC"), tmp_path / f"{number}{ending}")
            assert io.read(path).pixels.shape == RGB.shape
        return number

    watcher = threading.Thread(target=look)
    sys.setswitchinterval(1e-5)
    try:
        watcher.start()
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(4))) == [0, 1, 2, 3]
    finally:
        done.set()
        watcher.join()
        sys.setswitchinterval(interval)
    assert seen == {before}
    assert logging.getLogger("tifffile").handlers == []


def test_what_tifffile_logs_in_another_thread_is_none_of_ours():
    inside, done = threading.Event(), threading.Event()

    def reading():
        with tiff._strict():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=reading)
    thread.start()
    inside.wait(10)
    logging.getLogger("tifffile").error("of the caller's own file")
    done.set()
    thread.join()
