"""Opens an engine for a stack, and keeps the state of `local` in step with the embedded cloud it runs on."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway.cli.seeding import seed_of
from slipway.engine import choice
from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.cli_local import forget, local_engine, passphrase
from slipway.engine.embedded import LOCAL_STACK, EmbeddedEngine
from slipway.engine.interface import Choice, Engine, Progress, Result
from slipway.engine.program import program_at
from slipway.engine.project import load_project, load_stack, stack_config
from slipway.engine.provider_resources import Config
from slipway.engine.secrets import Crypter
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.kubeconfig import kubeconfig
from slipway.localcloud.providers import PACKAGES, provider

ENDPOINTS = "slipway:endpoints"
_CLOUD_FILE = "state-of-cloud"
_DRIFTED = "drifted"


@dataclass(frozen=True)
class Session:
    """An engine on a stack. `cloud` is the embedded cloud that `local` runs on; None for a real stack."""

    root: Path
    stack: str
    engine: Engine
    cloud: Cloud | None

    @property
    def where(self) -> str:
        """One line that says what this run works on, for the person who started it."""
        if self.cloud is None:
            return f"engine: Pulumi CLI; stack: {self.stack} (a real cloud)"
        engine = "Pulumi CLI" if self.engine.name == "pulumi" else "embedded"
        console, kubernetes = self.cloud.console, self.cloud.kubernetes_label
        return f"engine: {engine}; cloud: embedded, {console}; Kubernetes: {kubernetes}"

    def preview(self) -> Result:
        """What `up` would do."""
        return self.engine.preview()

    def refresh(self) -> Result:
        """Make the state as the world is."""
        return self.engine.refresh()

    def drift(self) -> Result:
        """What `refresh` would find. Where it finds something, the next `up` begins by taking it in."""
        result = self.engine.drift()
        if result.changed and self.cloud is not None:
            self._cloud_file.write_text(f"{self.cloud.id} {_DRIFTED}", encoding="utf-8")
        return result

    def up(self, *, refresh: bool = False) -> Result:
        """Apply; first refresh, where that is asked for or `drift` has found something."""
        if self.cloud is not None:
            choice.own(self.root, "pulumi" if self.engine.name == "pulumi" else "embedded")
            refresh = refresh or _DRIFTED in _read(self._cloud_file)
        if refresh:
            refreshed = self.engine.refresh()
            if not refreshed.ok:
                return refreshed
        if self.cloud is not None:
            self._cloud_file.write_text(self.cloud.id, encoding="utf-8")
        return self.engine.up()

    def destroy(self) -> Result:
        """Destroy; after that, any engine may begin `local` anew."""
        result = self.engine.destroy()
        if result.ok and self.cloud is not None:
            choice.release(self.root)
            self._cloud_file.unlink(missing_ok=True)
            if self.engine.name == "pulumi":
                forget(self.root)
        return result

    @property
    def _cloud_file(self) -> Path:
        return self.root / ".slipway" / _CLOUD_FILE


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _meet(root: Path, cloud: Cloud, progress: Progress | None) -> None:
    """Forget the state of a cloud that is gone: it was in memory, and nothing of it can be read again."""
    file = root / ".slipway" / _CLOUD_FILE
    known = _read(file).split(" ")[0]
    if not known or known == cloud.id:
        return
    if progress is not None:
        progress.message("the embedded cloud was started anew and is empty: beginning with an empty state")
    _forget_state(root)


def _forget_state(root: Path) -> None:
    shutil.rmtree(root / ".slipway" / "state", ignore_errors=True)
    forget(root)
    choice.release(root)
    (root / ".slipway" / _CLOUD_FILE).unlink(missing_ok=True)


def forget_gone(root: Path) -> Result | None:
    """Destroy `local` where its cloud is not running: forget the state. None where the cloud runs.

    Raises:
        SlipwayError: there is no stack `local` here.
    """
    root = root.resolve()
    load_stack(root, LOCAL_STACK)
    if runtime.running(root) is not None:
        return None
    engine = choice.owner(root) or "embedded"
    _forget_state(root)
    return Result("destroy", load_project(root).name, LOCAL_STACK, engine)


def open_session(
    root: Path, stack: str, wanted: Choice = "auto", progress: Progress | None = None
) -> Session:
    """Open the engine for a stack.

    Raises:
        SlipwayError: unknown stack, an engine that may not run it, or no embedded cloud for `local`.
    """
    root = root.resolve()
    load_stack(root, stack)
    if stack != LOCAL_STACK:
        choice.choose(root, stack, wanted)
        return Session(root, stack, _real(root, stack, progress), None)
    cloud = runtime.require(root)
    _meet(root, cloud, progress)
    name = choice.choose(root, stack, wanted)
    runtime.seed(cloud, seed_of(root))
    endpoints = {"aws": cloud.aws, "github": cloud.github, "kubernetes": cloud.kubernetes}
    config = {ENDPOINTS: json.dumps(endpoints)}
    if cloud.kubernetes_kind == "real":
        if name == "pulumi":
            raise SlipwayError(
                "under the Pulumi CLI the control plane's credentials would be written down in the clear",
                where=cloud.kubeconfig,
                fix="use --engine embedded with a real control plane",
            )
        # Only a kubeconfig has the credentials that a real control plane asks for.
        config["eks:kubeconfig"] = kubeconfig(cloud)
    if name == "pulumi":
        return Session(root, stack, local_engine(root, progress, config=config), cloud)
    return Session(root, stack, _embedded(root, config, progress), cloud)


def _real(root: Path, stack: str, progress: Progress | None) -> PulumiEngine:
    """The Pulumi CLI on a real stack, made in its state bucket if it is not there and bootstrap has been."""
    sealed_by = load_stack(root, stack).secrets_provider
    return PulumiEngine(
        root,
        load_project(root).name,
        stack,
        progress=progress,
        create=bool(sealed_by),
        secrets_provider=sealed_by,
    )


def _embedded(root: Path, extra: dict[str, str], progress: Progress | None) -> EmbeddedEngine:
    project = load_project(root)
    stack = load_stack(root, LOCAL_STACK)
    secret: Callable[[], str] = lambda: passphrase(root)  # noqa: E731 - read at the first secret only
    own = stack_config(project, stack, Crypter(secret, stack.salt))
    config = Config({**own.values, **extra}, own.secret_keys)
    return EmbeddedEngine(
        program_at(root),
        project.name,
        LOCAL_STACK,
        config,
        root / ".slipway" / "state",
        {package: partial(provider, package) for package in PACKAGES},
        progress,
        passphrase=secret,
        salt=stack.salt,
        root=root,
    )
