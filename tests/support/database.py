"""Databases of the run's PostgreSQL (FAIRLEAD_TEST_DATABASE_URL): one migrated template, a copy of it for every test module."""

import itertools
import os
import urllib.parse

import psycopg
from psycopg import sql

CONTROL_ROLE = "fairlead_e2e_control"
DATA_ROLE = "fairlead_e2e_data"
_numbers = itertools.count(1)


def server_url():
    url = os.environ.get("FAIRLEAD_TEST_DATABASE_URL")
    if not url:
        raise RuntimeError("FAIRLEAD_TEST_DATABASE_URL is not set: run the tests with scripts/test")
    return url


def with_parts(url, database=None, role=None):
    """The same server under another database or role."""
    parts = urllib.parse.urlsplit(url)
    netloc = parts.netloc
    if role is not None:
        netloc = role + "@" + parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit(parts._replace(netloc=netloc, path=f"/{database}" if database else parts.path))


def make_login_roles():
    """The planes log in as members of the group roles that the migrations made, so that a missing right shows."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        for role, group in ((CONTROL_ROLE, "fairlead_control_plane"), (DATA_ROLE, "fairlead_data_plane")):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(sql.Identifier(role), sql.Identifier(group)))


class Database:
    """One database and a superuser's look into it."""

    def __init__(self, template=None):
        self.name = f"fairlead_e2e_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(server_url(), autocommit=True) as connection:
            query = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name))
            if template is not None:
                query += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template.name))
            connection.execute(query)
        self.owner_url = with_parts(server_url(), database=self.name)
        self.control_url = with_parts(self.owner_url, role=CONTROL_ROLE)
        self.data_url = with_parts(self.owner_url, role=DATA_ROLE)
        self._connection = None

    def connect(self):
        """A connection of its own, for a test that holds locks; the caller closes it."""
        return psycopg.connect(self.owner_url)

    def rows(self, query, parameters=()):
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.owner_url, autocommit=True)
        return self._connection.execute(query, parameters).fetchall()

    def value(self, query, parameters=()):
        return self.rows(query, parameters)[0][0]

    def lock_waiters(self, application_name="%"):
        """How many connections to this database wait for a lock; those of that name, a pattern of LIKE."""
        return self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                          " AND application_name LIKE %s", [application_name])

    def close(self):
        """Ends our look, so that the database can serve as a template."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def drop(self):
        self.close()
        with psycopg.connect(server_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid_of(ulid):
    """The uuid under which a wire id is stored."""
    number = 0
    for character in ulid:
        number = number * 32 + _ALPHABET.index(character)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def ulid_of(uuid):
    """The wire id of a stored uuid."""
    number = int(str(uuid).replace("-", ""), 16)
    return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(25, -1, -1))
