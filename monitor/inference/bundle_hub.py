"""Bundles on a model hub, addressed as ``hf://owner/name`` or ``hf://owner/name@revision``.

A pulled file is read as a stream and refused once it is longer than the format allows, whatever the hub says of it; all
files of a pull are of one commit. Who may read and write a repository is the business of ``huggingface_hub``: it takes
its token from ``hf auth login`` or from ``HF_TOKEN``, and another hub from ``HF_ENDPOINT``. Safe on any thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from monitor.errors import AuscultError, BundleError, check_installed
from monitor.inference.bundle import load_bundle
from monitor.inference.bundle_files import read_file, size_limit
from monitor.inference.bundle_install import Installed, install_bundle

__all__ = ["HubAddress", "parse_address", "pull_bundle", "push_bundle"]

ADDRESS = re.compile(
    r"hf://(?P<owner>[A-Za-z0-9][A-Za-z0-9._-]{0,95})/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,95})"
    r"(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]{0,95}))?"
)
HUB_CARD = "README.md"
"""Where a hub looks for a card; the same text as the bundle's ``CARD.md``."""


class HubAddress(NamedTuple):
    """A repository of a hub, and the branch, tag or commit in it; None is the hub's default branch."""

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        """Return the address as it is typed."""
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")


def parse_address(text: str) -> HubAddress:
    """Return the address that a text gives.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_address("hf://owner/hearts@v2")
    HubAddress(repository='owner/hearts', revision='v2')
    >>> parse_address("hearts")
    Traceback (most recent call last):
    ValueError: 'hearts' must be hf://owner/name or hf://owner/name@revision
    """
    match = ADDRESS.fullmatch(text)
    if match is None or ".." in text:
        raise ValueError(f"{text[:120]!a} must be hf://owner/name or hf://owner/name@revision")
    return HubAddress(f"{match['owner']}/{match['name']}", match["revision"])


def pull_bundle(
    address: HubAddress, *, name: str | None = None, with_keras: bool = False, replace: bool = False
) -> tuple[Installed, HubAddress]:
    """Install a bundle from a hub, checked as :func:`monitor.inference.bundle_install.install_bundle` checks.

    Parameters
    ----------
    address : HubAddress
    name, with_keras, replace
        As there.

    Returns
    -------
    installed : Installed
    pinned : HubAddress
        With the commit that was read, so that the same bundle can be pulled again.

    Raises
    ------
    BundleError
        If what is there is no bundle that loads, or its name is taken.
    AuscultError
        If the hub does not answer, or refuses.
    MissingExtraError
        If ``huggingface_hub`` is not installed.
    """
    hub = _hub("auscult models pull")
    endpoint = os.environ.get("HF_ENDPOINT")
    with _told(address, "pull it"):
        commit = hub.HfApi(endpoint=endpoint).model_info(address.repository, revision=address.revision).sha
    files = hub.HfFileSystem(endpoint=endpoint, skip_instance_cache=True)

    def read(file_name: str) -> bytes:
        with (
            _told(address, f"read {file_name} of it"),
            files.open(f"{address.repository}@{commit}/{file_name}", "rb", block_size=0) as file,
        ):
            return bytes(file.read(size_limit(file_name) + 1))

    installed = install_bundle(read, str(address), name=name, with_keras=with_keras, replace=replace)
    return installed, HubAddress(address.repository, str(commit))


def push_bundle(folder: Path, address: HubAddress, *, public: bool = False) -> HubAddress:
    """Commit a bundle to a repository of a hub, which is made where there is none; return the address of the commit.

    Parameters
    ----------
    folder : Path
        Of a bundle; it is loaded first, so that only a whole one is pushed.
    address : HubAddress
        The revision is a branch, made where there is none.
    public : bool
        Whether a repository that is made may be read by anyone. One that exists stays as it is.

    Raises
    ------
    BundleError
        If the bundle does not load.
    AuscultError
        If the hub does not answer, or refuses.
    MissingExtraError
        If ``huggingface_hub`` is not installed.
    """
    hub = _hub("auscult models push")
    bundle = load_bundle(folder)
    contents = {name: read_file(folder, name) for name in ("bundle.json", *bundle.settings["sha256"])}
    contents[HUB_CARD] = contents["CARD.md"]
    api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with _told(address, "push to it"):
        api.create_repo(address.repository, private=not public, exist_ok=True)
        if address.revision is not None:
            api.create_branch(address.repository, branch=address.revision, exist_ok=True)
        commit = api.create_commit(
            address.repository,
            [hub.CommitOperationAdd(name, content) for name, content in sorted(contents.items())],
            commit_message=f"{bundle.name}, network {bundle.model_sha256[:8]}",
            revision=address.revision,
        )
    return HubAddress(address.repository, str(commit.oid))


def _hub(what: str) -> Any:
    """Return the package ``huggingface_hub``, without its bars of progress."""
    check_installed("huggingface_hub", what, "hub")
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    return huggingface_hub


@contextmanager
def _told(address: HubAddress, what: str) -> Iterator[None]:
    """Turn whatever the hub or the network raises into one line."""
    try:
        yield
    except AuscultError:
        raise
    except FileNotFoundError as error:
        raise BundleError(f"{address}: cannot {what} (there is no such file)", "check the address") from error
    except Exception as error:  # huggingface_hub raises its own classes, its HTTP client's, OSError and ValueError
        status = getattr(getattr(error, "response", None), "status_code", None)
        reason = f"the hub answers {status}" if status else " ".join(str(error).split())[:200] or type(error).__name__
        step = "check the connection, and HF_ENDPOINT if it is set"
        if status in (401, 403, 404):
            step = "check the address, and that you may do so: hf auth login"
        raise AuscultError(f"{address}: cannot {what} ({reason})", step) from error
