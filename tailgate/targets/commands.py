"""Commands: how people name a model server, by the command that starts it or by its URL, in options and plans."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from tailgate.errors import PlanError


def words_of(command: str, where: str) -> tuple[str, ...]:
    """A command as a shell would split it; no shell is involved in running it. Raises PlanError naming where it stands."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise PlanError(f"{where}: the command `{command}` cannot be read ({error}); quote it as in a shell") from None
    if not words:
        raise PlanError(f"{where}: the command is empty; write for instance 'python serve.py --port {{port}}'")
    return words


def check_url(url: str | None, where: str) -> str:
    """An http or https URL with a host and without credentials. Raises PlanError naming where it stands."""
    if not url:
        raise PlanError(f"{where}: the target 'url' needs one: --latency-url http://127.0.0.1:8080/invocations, or `url` in the plan")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PlanError(f"{where}: '{url}' is not a URL ({error})") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PlanError(f"{where}: '{url}' is not a URL that can be asked; write it whole, such as http://127.0.0.1:8080/invocations")
    if parts.username is not None:
        raise PlanError(f"{where}: the URL holds credentials, which would be recorded with each run; leave them out")
    return url
