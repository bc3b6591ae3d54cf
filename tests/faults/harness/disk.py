"""A full disk: a PostgreSQL whose tables or whose write-ahead log lie on a small file system of their own."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.arena import Arena, Round
from harness.cluster import make_folder
from support.wait import SLOWNESS, wait_until

KINDS = ("tables", "wal")
SIZE = {"tables": 160, "wal": 96}  # MiB


class SmallDisk:
    def __init__(self, mebibytes):
        self.folder = make_folder("disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0777", "tmpfs", str(self.folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.folder.rmdir()
            pytest.skip(f"a small file system needs the right to mount: {done.stderr.strip()}")
        self.inside = self.folder / "in"
        self.inside.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self.inside, "postgres", "postgres")

    def fill(self):
        """Not a byte is left, again and again: what PostgreSQL frees or had reserved goes too."""
        with open(self.folder / "ballast", "ab", buffering=0) as ballast:
            try:
                while ballast.write(b"\0" * 65536):
                    pass
            except OSError:
                pass

    def free(self):
        Path(self.folder / "ballast").unlink(missing_ok=True)

    def remove(self):
        self.free()
        subprocess.run(["umount", "-l", str(self.folder)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def fault(arena, round_, disk, what):
    round_.pause(0.1, 0.5)
    refused = round_.load.outcomes["503"]
    disk.fill()

    def is_felt():
        disk.fill()
        return round_.load.outcomes["503"] > refused + 20
    wait_until("the full disk is felt", is_felt, 60 * SLOWNESS)
    round_.pause(0.3, 2)
    if what == "wal":  # it panics, and cannot recover while it cannot write
        wait_until("PostgreSQL has given up", lambda: not arena.cluster.is_running() or round_.load.outcomes["503"] > refused + 200,
                   60 * SLOWNESS)
    disk.free()
    if not arena.cluster.is_running():
        arena.cluster.start()


def run_round(what, folder, seed):
    """A world of its own, because the disk belongs to PostgreSQL; gives the Verdict."""
    disk = SmallDisk(SIZE[what])
    try:
        options = {"tablespace": disk.inside} if what == "tables" else {
            "wal_folder": disk.inside / "wal", "initdb_options": ("--wal-segsize=1",), "min_wal_size": "4MB", "max_wal_size": "48MB"}
        arena = Arena(folder, **options)
        try:
            round_ = Round(arena, "disk", seed).start()
            for _ in range(random.Random(seed).randint(1, 2)):
                fault(arena, round_, disk, what)
                round_.wait_more(60, 120)
            return round_.judge()
        finally:
            arena.close()
    finally:
        disk.remove()
