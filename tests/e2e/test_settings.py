"""Settings: an unknown or impossible one stops the start, and every problem is named."""

import pytest

from support.database import Database
from support.planes import run_program

GOOD = {"FAIRLEAD_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "FAIRLEAD_MASTER_KEY": "not checked before the other problems"}
PROGRAMS = ["fairlead-control", "fairlead-data"]


@pytest.fixture(scope="module")
def database(template):
    made = Database(template)
    yield made
    made.drop()


# Goal: all problems at once, by name, and a non-zero exit; nothing of a secret's value. Method: several wrong settings together.
@pytest.mark.parametrize("arguments", [["serve"], ["config", "check"]], ids=["serve", "check"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_problem_is_named(program, arguments, master_key):
    listen = "FAIRLEAD_CONTROL_LISTEN" if program == "fairlead-control" else "FAIRLEAD_DATA_LISTEN"
    done = run_program(program, arguments, {
        "FAIRLEAD_DATABASE_URL": "postgresql://user:very-secret-password@127.0.0.1:1/none", "FAIRLEAD_MASTER_KEY": master_key,
        "FAIRLEAD_LISTNE": "typo", listen: "127.0.0.1:99999", "FAIRLEAD_LOG_LEVEL": "loud", "FAIRLEAD_ALLOW_NETWORKS": "10.0.0.0/99"})
    assert done.returncode not in (0, -6, -11), done
    output = done.stdout + done.stderr
    for name in ("FAIRLEAD_LISTNE", listen, "FAIRLEAD_LOG_LEVEL", "FAIRLEAD_ALLOW_NETWORKS"):
        assert name in output, output
    assert "very-secret-password" not in output
    assert master_key not in output


# Goal: what is required is asked for. Method: no settings at all.
@pytest.mark.parametrize("program", PROGRAMS)
def test_required_settings(program):
    done = run_program(program, ["config", "check"], {})
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert "FAIRLEAD_DATABASE_URL" in output
    assert "FAIRLEAD_MASTER_KEY" in output


# Goal: a bad master key is a problem, not a crash, and is not shown. Method: a short one.
@pytest.mark.parametrize("program", PROGRAMS)
def test_bad_master_key(program):
    done = run_program(program, ["config", "check"], {**GOOD, "FAIRLEAD_MASTER_KEY": "too-short-to-be-a-key"})
    assert done.returncode not in (0, -6, -11), done
    output = done.stdout + done.stderr
    assert "FAIRLEAD_MASTER_KEY" in output
    assert "too-short-to-be-a-key" not in output


# Goal: good settings pass, secrets are masked. Method: config check.
@pytest.mark.parametrize("program", PROGRAMS)
def test_good_settings(program, master_key, database):
    url = database.owner_url.replace("postgres@", "postgres:pass-word-7@")
    done = run_program(program, ["config", "check"], {"FAIRLEAD_DATABASE_URL": url, "FAIRLEAD_MASTER_KEY": master_key})
    assert done.returncode == 0, done.stdout + done.stderr
    output = done.stdout + done.stderr
    assert "pass-word-7" not in output
    assert master_key not in output


# Goal: secrets also come from files, with a final line break or without. Method: keygen's output in a file.
@pytest.mark.parametrize("program", PROGRAMS)
def test_secret_from_a_file(program, master_key, database, tmp_path):
    file = tmp_path / "key"
    file.write_text(master_key + "\n")
    settings = {"FAIRLEAD_DATABASE_URL": database.owner_url, "FAIRLEAD_MASTER_KEY_FILE": str(file)}
    done = run_program(program, ["config", "check"], settings)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_program(program, ["config", "check"], {**settings, "FAIRLEAD_MASTER_KEY_FILE": str(tmp_path / "absent")})
    assert done.returncode != 0
    assert "FAIRLEAD_MASTER_KEY_FILE" in done.stdout + done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version(program):
    for argument, word in (("--help", "serve"), ("--version", "0.1.0")):
        done = run_program(program, [argument], {})
        assert done.returncode == 0
        assert word in done.stdout
    assert run_program(program, ["nonsense"], {}).returncode != 0


# Goal: each master key is new. Method: two of them.
def test_keygen():
    keys = {run_program("fairlead-control", ["keygen"], {}).stdout.strip() for _ in range(2)}
    assert len(keys) == 2
    assert all(len(key) >= 32 for key in keys)


# Goal: a taken port stops the start with a word. Method: the receiver's port.
@pytest.mark.parametrize("program", PROGRAMS)
def test_taken_port(program, master_key, database, receiver):
    listen = "FAIRLEAD_CONTROL_LISTEN" if program == "fairlead-control" else "FAIRLEAD_DATA_LISTEN"
    done = run_program(program, ["serve"], {"FAIRLEAD_DATABASE_URL": database.owner_url, "FAIRLEAD_MASTER_KEY": master_key,
                                            listen: f"127.0.0.1:{receiver.port}"})
    assert done.returncode not in (0, -6, -11), done
    assert str(receiver.port) in done.stdout + done.stderr
