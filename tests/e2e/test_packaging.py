"""What is shipped: docker-compose.yml and the container file are true, and the programs are hardened."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.planes import base_environment, build_dir
from support.wait import SLOWNESS

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["fairlead-control", "fairlead-data"]
is_sanitized = SLOWNESS > 1


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=180, check=False, **options)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


# Goal: a first `docker compose up`, bootstrap and event work, every service without root, capabilities and a writable root, and all end
# cleanly. Method: the runner takes commands, settings, secrets, users, order and health checks from the two files.
@pytest.mark.skipif(is_sanitized, reason="the sanitizers want to write beside the program")
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and users of their own need root")
def test_compose_file_is_true():
    said = run(sys.executable, ROOT / "packaging/container/try", build_dir(), env=base_environment(), cwd="/")
    for line in ("migrate: applied", "control: healthy", "data: healthy", "two events delivered, signed", "data: stopped, exit code 0",
                 "control: stopped, exit code 0"):
        assert line in said, said


# Goal: secrets are made once, are hard to guess, and fit together. Method: make them twice, and look.
def test_secrets_are_made_once(tmp_path):
    folder = tmp_path / "secrets"

    def make():
        run(ROOT / "packaging/container/make_secrets", folder)
        return {file.name: file.read_text().strip() for file in folder.iterdir()}
    first = make()
    assert make() == first
    (folder / "data_password").unlink()
    assert {name for name, text in make().items() if text != first.get(name)} == {"data_password"}
    assert folder.stat().st_mode & 0o777 == 0o700
    passwords = [text for name, text in first.items() if name.endswith("password")]
    assert len(set(passwords)) == 4
    assert all(re.fullmatch("[0-9a-f]{48}", password) for password in passwords)
    for role in ("owner", "control", "data"):
        assert f"fairlead_{role}:{first[f'{role}_password']}@" in first[f"{role}_database_url"]
    named = set(re.findall(r"file: \./secrets/(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert named == set(first)


# Goal: the image has the libraries that the programs need, and installs none by another name. Method: the packages of what the linker
# recorded, against the container file's list.
@pytest.mark.skipif(is_sanitized, reason="a sanitizer's program is not shipped")
@pytest.mark.parametrize("program", PROGRAMS)
def test_image_has_the_libraries(program):
    runtime = (ROOT / "packaging/container/Containerfile").read_text().partition(" AS runtime")[2].partition("FROM ")[0]
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", build_dir() / program)))
    paths = dict(re.findall(r"(\S+) => (/\S+)", run("ldd", build_dir() / program)))
    assert "libpqxx-6.4.so" in needed
    for library in needed & set(paths):
        owners = {line.partition(":")[0] for line in run("dpkg-query", "-S", f"*/{Path(paths[library]).resolve().name}").splitlines()}
        listed = {owner for owner in owners if re.search(rf"\s{re.escape(owner)}\s", runtime)}
        assert listed or owners & {"libc6", "libgcc-s1"}, f"{library} is in {owners}"


# Goal: the programs are hardened as docs/OPERATIONS.md says. Method: the check that the container's build makes too.
@pytest.mark.skipif(is_sanitized, reason="a sanitizer's program is not shipped")
@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_hardened(program):
    debug = [] if build_dir().name == "release" else ["--debug"]
    run(ROOT / "scripts/check_hardening", *debug, build_dir() / program)
