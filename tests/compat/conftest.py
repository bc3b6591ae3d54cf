"""Third-party clients against both planes: the fixtures are those of the end-to-end tests."""

# ruff: noqa: F401
from e2e.conftest import make_planes, master_key, planes, project, pytest_runtest_makereport, receiver, template
