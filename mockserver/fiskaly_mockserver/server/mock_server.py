"""A fake Management API in a thread of its own, for tests in the same process."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.control.handles import TreeHandle
from fiskaly_mockserver.control.transports import LocalTransport
from fiskaly_mockserver.server import errors
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import (
    AS_CONFIGURED,
    ServerConfig,
    ServerSettings,
    StartValues,
    loop_factory,
)
from fiskaly_mockserver.server.errors import DefectiveServer, ServerError
from fiskaly_mockserver.server.listening import InFlight, Listening, listen, with_tls
from fiskaly_mockserver.server.tls import tls_of
from fiskaly_mockserver.server.tokens_for_tests import Holder, TokenFault, mint
from fiskaly_mockserver.server.trees import CachedTree, TreeCache, handle_of
from fiskaly_mockserver.web.control.dispatch import Asked
from fiskaly_mockserver.web.safety import VENDOR_HOSTS
from fiskaly_mockserver.world.journal.journal import Exchange, Journal
from fiskaly_mockserver.world.seams import Seams, StartingSeams
from fiskaly_mockserver.world.seeding import ApiCredentials, Seeded

if TYPE_CHECKING:
    from fiskaly_mockserver.world.store.tables import Baseline

T = TypeVar("T")

IN_PROCESS = ServerConfig(port=0)
"""The defaults on a free port."""


class MockServer:
    """A server on a real socket, with its own thread and event loop.

    Any client can talk to it: synchronous, asynchronous or another process. It works as
    a context manager, synchronous and asynchronous, and needs no event loop of the
    caller's. Several servers in one process know nothing of each other.

    Example:
        >>> with MockServer() as server:
        ...     server.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        config: ServerConfig = IN_PROCESS,
        *,
        tree: OrganizationTree | None = None,
        seams: Seams | None = None,
        trees: TreeCache | None = None,
        **settings: Unpack[ServerSettings],
    ) -> None:
        """Prepare a server; nothing runs before `start`.

        Args:
            config: Its settings.
            tree: The organizations to start with, in place of the config's preset.
            seams: Clock, ids, secrets and tokens in place of the real ones.
            trees: Where generated trees are kept, to share between servers.
            settings: Fields of the config that are to differ, as `preset="single"`.

        Raises:
            TypeError: There is no such setting.
            TreeError: The preset, seed, size or country does not exist.
            ServerError: The config demands uvloop, which is not installed.
        """
        config = replace(config, **settings) if settings else config
        self.config = config
        self._new_loop = loop_factory(config.loop)
        self.in_flight = InFlight()
        self._trees = trees or TreeCache()
        self._starting = StartingSeams()
        seams = seams or self._starting.seams(config.lifetimes)
        now = seams.clock.now()
        self._own = (
            self._trees.get(config, started_at=now) if tree is None else CachedTree(tree, now)
        )
        self._service = compose(config, self._own.baseline_at(now), seams)
        self._seeded: tuple[Baseline, CachedTree | TreeHandle] = (
            self._service.world.baseline,
            self._own,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._listening: Listening | None = None

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address, as `http://127.0.0.1:49152/api/v0`."""
        return self._running.base_url

    @property
    def sign_de_url(self) -> str | None:
        """The same for SIGN DE, ending in `/api/v2`; None where it is not served."""
        return self._running.sign_de_url

    @property
    def control_url(self) -> str:
        """The address of the control routes, ending in `/_mock`."""
        return self._running.control_url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._running.port

    @property
    def ca_file(self) -> Path | None:
        """The file with the CA that clients have to trust; None unless it speaks TLS by one."""
        return self._running.ca_file

    @property
    def tls_address(self) -> tuple[str, int] | None:
        """Host and port that speak TLS; None if nothing does."""
        return self._running.tls_address

    def intercept(self, hosts: Iterable[str] = VENDOR_HOSTS) -> None:
        """Open a TLS port beside plain HTTP, at `tls_address`, unless there is one.

        It answers in place of the hosts if a client is led there and trusts `ca_file`.

        Raises:
            ServerError: No certificate can be made for them.
        """
        self._demand_own_process()
        tls = tls_of(replace(self.config, intercept=tuple(hosts)))
        if self._running.tls_address is None and tls is not None:
            self._listening = self._done(with_tls(self._running, tls))

    @property
    def runs(self) -> bool:
        """Whether it has been started and not stopped since."""
        return self._thread is not None

    @property
    def spec(self) -> OrganizationTree:
        """The server's own tree, as data; without any secret."""
        return self._own.tree

    @property
    def tree(self) -> TreeHandle:
        """The organizations and users that the server was seeded with, and their secrets."""
        baseline = self._service.world.baseline
        if self._seeded[0] is not baseline:
            self._seeded = (baseline, handle_of(baseline))
        tree = self._seeded[1]
        return tree.handle if isinstance(tree, CachedTree) else tree

    @property
    def credentials(self) -> ApiCredentials:
        """The first enabled key of the tree, which is the first main organization's.

        Raises:
            ServerError: The tree has no enabled key, as the preset `empty`.
        """
        baseline = self._service.world.baseline
        for organization in Seeded(baseline).organizations():
            for key in organization.api_keys:
                return key
        raise ServerError(f"the tree of preset {baseline.preset!r} has no enabled API key")

    @property
    def journal(self) -> tuple[Exchange, ...]:
        """The latest exchanges, oldest first."""
        return self._call(lambda: tuple(self._service.world.journal))

    def read_journal(self, read: Callable[[Journal], T]) -> T:
        """Return what a function makes of the journal, to which nothing is added meanwhile."""
        return self._call(lambda: read(self._service.world.journal))

    @property
    def control(self) -> Control:
        """What can be asked of the running server: state, clock, faults, journal, sandboxes.

        `fiskaly_mockserver.control` offers the same over HTTP.
        """
        return Control(LocalTransport(self._ask))

    def start(self) -> Self:
        """Start answering; returns when the port is open.

        Raises:
            ServerError: It runs already, or threads are none here, as under gevent.
            CannotListen: The address is in use, not of this machine, or not allowed.
            ServerError: A file of TLS is no good.
        """
        if self._thread is not None:
            raise ServerError("the server runs already")
        errors.demand_real_threads()
        self._pid = os.getpid()
        started: Future[Listening] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="fiskaly-mockserver", daemon=True
        )
        self._thread.start()
        try:
            self._listening = started.result()
        except BaseException:
            self._thread.join()
            self._thread = None
            raise
        return self

    def stop(self) -> None:
        """Stop answering and end the thread, if it runs; a forked child only forgets it."""
        if self._thread is None or self._loop is None:
            return
        if self._pid == os.getpid():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._thread = self._listening = self._loop = None

    def reset(self) -> None:
        """Return to the server's own tree, whatever was seeded since.

        Changes, sessions, clock, faults, journal, snapshots and sandboxes are forgotten.
        That is more than `control.reset`, which resets one world: tests that share a
        server share nothing else.
        """
        self.begin()

    def begin(self, values: StartValues = AS_CONFIGURED) -> None:
        """Start over as `reset` does, with another tree, foreseeable ids, or at another time.

        A tree is made once, however often it is begun with. Where the server was given
        seams of its own, ids and time are theirs.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        tree = self._tree_for(values)
        self._call(lambda: self._start_over(tree, values))

    def token_for(
        self, holder: Holder, *, env: str | None = None, fault: TokenFault = TokenFault.NOTHING
    ) -> str:
        """Return an access token of a key, organization or user, made without a request.

        Neither the journal nor the sessions know of it. `env` (TEST or LIVE) chooses
        among an organization's keys, `fault` what is to be wrong with the token.

        Raises:
            NotInTheTree: There is no such key, organization or user.
            ValueError: The environment is none, or another than the key's.
        """
        ids = self._starting.minted
        return self._call(lambda: mint(self._service.world, ids, holder, env=env, fault=fault))

    def settle(self, seconds: float) -> int:
        """Wait for requests that are under way, and break off those that take longer.

        Returns:
            How many were broken off.
        """
        self._demand_own_process()
        return self._done(self.in_flight.settle(seconds)) if self.in_flight.under_way else 0

    def verify(self) -> None:
        """Demand that the fake itself was right since the last reset.

        Raises:
            DefectiveServer: It crashed, or an answer broke the contract. That is a
                defect of this tool, never of the client.
        """
        defects = self._call(lambda: tuple(self._service.defects))
        if defects:
            raise DefectiveServer.told_by(defects)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    @property
    def _running(self) -> Listening:
        if self._listening is None:
            raise ServerError("the server does not run: start() it, or use it in a with block")
        return self._listening

    def _tree_for(self, values: StartValues) -> CachedTree:
        """Return the tree to start with; made in the caller's thread, not in the loop's."""
        if not values.names_a_tree:
            return self._own
        now = self._service.world.seams.clock.now()
        return self._trees.get(values.tree(self.config), started_at=now)

    def _start_over(self, tree: CachedTree, values: StartValues) -> None:
        self._service.defects.clear()
        self._service.worlds.drop_all()
        self._starting.begin(values.ids_from, values.at, follow_process=values.follow_process)
        world = self._service.world
        baseline = tree.baseline_at(world.seams.clock.now())
        self._seeded = (baseline, tree)
        world.reseed(baseline)
        if values.at is not None:
            world.clock.freeze()
        self._starting.clock.release()

    def _ask(
        self,
        operation_id: str,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
        sandbox: str | None,
    ) -> tuple[int, JsonValue]:
        """Return the answer to a control call, made in the thread that works on the worlds."""
        dispatcher = self._running.dispatcher
        self._demand_own_process()
        if self._works_here:
            raise ServerError("the server's own thread would wait for itself: ask in another one")
        asked = Asked(operation_id, path, tuple(query.items()), body=body, sandbox=sandbox)
        answer = self._done(self.in_flight.uncounted(dispatcher.answer(asked)))
        return answer.status, answer.body

    def _call(self, action: Callable[[], T]) -> T:
        """Do something to the world in the thread that works on it, or while that is at rest."""
        self._demand_own_process()
        if self._loop is None or self._works_here:
            return action()
        with self.in_flight.halted() as alone:
            if alone:
                return action()

        async def act() -> T:
            return action()

        return self._done(act())

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work in the server's thread, and return what comes of it."""
        if self._loop is None:
            raise ServerError("the server does not run")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def _works_here(self) -> bool:
        """Whether nobody else may work on the world until this thread goes on."""
        return threading.current_thread() is self._thread or self.in_flight.is_halted_here

    def _demand_own_process(self) -> None:
        """Refuse in a forked child what waits for the server's thread, which is not there."""
        if self._loop is not None and self._pid != os.getpid():
            raise ServerError(errors.FORKED)

    def _run(self, started: "Future[Listening]") -> None:
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            loop = runner.get_loop()
            try:
                config, tls = self.config, tls_of(self.config)
                listening = runner.run(listen(self._service, config.host, config.port, tls))
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller's thread
                started.set_exception(error)
                return
            self._count(listening)
            self._loop = loop
            started.set_result(listening)
            loop.run_forever()
            runner.run((self._listening or listening).close())  # with what was opened since

    def _count(self, listening: Listening) -> None:
        """Count along from the first request, which nobody can send before `start` returns."""
        server = listening.runner.server
        if server is not None:
            server.request_handler = self.in_flight.counted(server.request_handler)
