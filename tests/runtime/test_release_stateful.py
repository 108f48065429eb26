"""Releases under everything that befalls them: crashes at any call, two at once, alarms, tampering, duplicate events.

The machine drives the very functions that the handlers call, over the small AWS in memory. After every step it looks at
the endpoint, the pointer and the history.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.errors import LineError
from runtime import signing
from runtime.promotion import Production
from tests.runtime.memory import Fault
from tests.runtime.release_world import ENDPOINT, KEY, LINE, Process, World, tampered

LEAST_STEPS = 10_000
FAULTS = st.one_of(st.none(), st.builds(Fault, at=st.integers(0, 9), after=st.booleans()))
RACES = [*((2, call) for call in range(5, 14)), *((3, call) for call in range(2, 7))]
"""How many steps one run has done, deploy or verify coming next, and before which call of it another does its own."""


def refused(process: Process) -> bool:
    """Whether a process ended with an error that tells the user what to do, or at an endpoint that another changes."""
    told, asked = process.result, process.version or process.kind == "rollback"
    busy = not asked and ("Cannot update in-progress" in told or "already existing endpoint" in told)
    return busy or (told.startswith(("release: ", "model ")) and told.count(": ") > 1)


class Releases(RuleBasedStateMachine):
    """Runs, people and time, in any order."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.events: list[dict[str, Any]] = []
        self.heard: dict[str, int] = {}
        self.seen: list[Production] = []
        self.served: set[str] = set()
        """Configurations that were in service once."""
        self.is_abandoned = False
        """Whether somebody was stopped in the middle of a release, and nobody has released since."""

    @initialize(
        approval=st.sampled_from(["automatic", "manual"]),
        hosted=st.sampled_from([True, True, False]),
        releases=st.integers(0, 4),
    )
    def begins(self, approval: str, hosted: bool, releases: int) -> None:
        self.world.approval, self.world.hosted = approval, hosted
        for _ in range(releases):
            self.a_better_model_is_released(None)

    @precondition(lambda self: len(self.world.history()) < 7)
    @rule(fault=FAULTS)
    def a_better_model_is_released(self, fault: Fault | None) -> None:
        """Whatever strikes one of its steps, unless somebody else is at it."""
        process: Process | None = self.world.run(roc_auc=self.best() + 0.01)
        while process is not None:
            self.goes_on(process, fault)
            waiting = process.result == "held" and self.world.approval == "manual"
            process = self.world.hear(self.world.decide(self.world.versions()[-1], "Approved")) if waiting else None

    def goes_on(self, process: Process, fault: Fault | None = None) -> None:
        """Let a process go on, and time with it; a fault strikes each of its steps once."""
        tried: object = None
        for _ in range(14):
            if not process.ended:
                is_new, tried = process.step is not tried, process.step
                self.advance(process, Fault(fault.at, fault.after) if fault and is_new else None)
                self.world.sagemaker.tick()
                self.holds()

    def best(self) -> float:
        champion = self.world.champion()
        return champion.metrics["roc_auc"] if champion else 0.7

    def teardown(self) -> None:
        self.everything_comes_to_rest()

    # --- runs ------------------------------------------------------------------------------------------------------

    @rule(gain=st.sampled_from([0.01, 0.01, 0.01, -0.01]), whole=st.sampled_from([True] * 5 + [False]))
    def run(self, gain: float, whole: bool) -> None:
        self.world.run(roc_auc=self.best() + gain, whole=whole)

    @precondition(lambda self: self.world.runs > 1)
    @rule(data=st.data())
    def a_run_takes_over_the_model_of_an_earlier_one(self, data: st.DataObject) -> None:
        self.world.again(f"run-{data.draw(st.integers(1, self.world.runs))}")

    @precondition(lambda self: self.world.live())
    @rule(data=st.data(), fault=FAULTS)
    def somebody_goes_on(self, data: st.DataObject, fault: Fault | None) -> None:
        self.advance(data.draw(st.sampled_from(self.world.live())), fault)

    @precondition(lambda self: len(self.world.live()) > 1)
    @rule(data=st.data(), at=st.integers(0, 9))
    def two_are_at_it_at_once(self, data: st.DataObject, at: int) -> None:
        """One does a whole step between two calls of the other."""
        one = data.draw(st.sampled_from(self.world.live()))
        other = data.draw(st.sampled_from([process for process in self.world.live() if process is not one]))
        one.was_raced = True
        self.advance(one, Fault(at=at, meanwhile=lambda: self.advance(other, None)))

    @rule(place=st.sampled_from(RACES))
    def two_runs_come_to_the_same_place_at_once(self, place: tuple[int, int]) -> None:
        """Each was compared with the same champion; one is promoted between two calls of the other's step."""
        steps, at = place
        one, other = (self.world.run(roc_auc=self.best() + 0.01) for _ in range(2))
        for process in (one,) * steps + (other,) * 3:
            if not process.ended:
                self.advance(process, None)
                self.world.sagemaker.tick()
                self.holds()
        if not one.ended and not other.ended:
            one.was_raced = True
            self.advance(one, Fault(at=at, meanwhile=lambda: self.advance(other, None)))

    @rule(steps=st.integers(1, 3), fault=FAULTS)
    def a_release_goes_on_after_another_one(self, steps: int, fault: Fault | None) -> None:
        """It was compared with the champion before."""
        process = self.world.run(roc_auc=self.best() + 0.01)
        for _ in range(steps):
            if not process.ended:
                self.advance(process, None)
        self.a_better_model_is_released(None)
        if not process.ended:
            self.advance(process, fault)
            self.holds()

    @rule()
    def everybody_goes_on(self) -> None:
        for process in self.world.live():
            self.advance(process, None)
            self.holds()

    @precondition(lambda self: self.world.live())
    @rule(data=st.data())
    def somebody_goes_on_to_the_end(self, data: st.DataObject) -> None:
        self.goes_on(data.draw(st.sampled_from(self.world.live())))

    @precondition(lambda self: len(self.world.live()) > 2)
    @rule(data=st.data())
    def somebody_is_stopped(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.world.live())).end("stopped")
        self.is_abandoned = True

    # --- time ------------------------------------------------------------------------------------------------------

    @rule()
    def time_passes(self) -> None:
        self.world.sagemaker.tick()

    @rule()
    def an_alarm_goes_off(self) -> None:
        endpoint = self.world.sagemaker.endpoints.get(ENDPOINT)
        champion = self.world.champion()
        restoring = endpoint and champion and endpoint.pending == champion.endpoint_config
        self.world.sagemaker.tick(alarm=not restoring)  # what is put back has no alarms that could roll it back

    # --- people ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.versions())
    @rule(data=st.data(), status=st.sampled_from(["Approved", "Approved", "Approved", "Rejected"]))
    def a_person_decides(self, data: st.DataObject, status: str) -> None:
        versions = self.world.versions()
        pending = [one for one in versions if self.world.status(one) == "PendingManualApproval"]
        version = data.draw(st.sampled_from(pending or versions))
        event = self.world.decide(version, status)
        if status == "Approved":
            self.events.append(event)
            self.hear(event)
            self.hear(event)  # EventBridge delivers at least once

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def an_event_arrives_again(self, data: st.DataObject) -> None:
        self.hear(data.draw(st.sampled_from(self.events)))

    def hear(self, event: dict[str, Any]) -> None:
        try:
            started = self.world.hear(event)
        except LineError:
            return  # the package's record was tampered with
        self.heard[event["id"]] = self.heard.get(event["id"], 0) + bool(started)
        assert self.heard[event["id"]] <= 1

    @precondition(lambda self: self.world.history() or self.world.runs > 3)
    @rule(knows=st.booleans())
    def a_person_rolls_back(self, knows: bool) -> None:
        champion = self.world.champion()
        self.world.roll_back(champion.production if champion and knows else 0)

    @precondition(lambda self: len(self.world.history()) > 1)
    @rule(times=st.integers(1, 3), fault=FAULTS)
    def a_person_goes_back_and_back(self, times: int, fault: Fault | None) -> None:
        for _ in range(times):
            self.goes_on(self.world.roll_back(), fault)

    @precondition(lambda self: any(time.rolled_back for time in self.world.history()))
    @rule(data=st.data(), by_hand=st.booleans())
    def what_was_rolled_back_is_tried_again(self, data: st.DataObject, by_hand: bool) -> None:
        ended = [time.champion for time in self.world.history() if time.rolled_back]
        champion = data.draw(st.sampled_from(ended))
        process = self.world.again(champion.run)
        if by_hand:
            event = self.world.decide(champion.version, "Approved")
            try:
                process = self.world.hear(event) or process
            except LineError:
                return  # the package's record was tampered with
        self.goes_on(process)

    @rule(how=st.integers(0, 10))
    def somebody_tampers_with_what_waits(self, how: int) -> None:
        """Before a person, who sees nothing of it, approves it."""
        before, self.world.approval = self.world.approval, "manual"
        process = self.world.run(roc_auc=self.best() + 0.01)
        self.goes_on(process)
        self.world.approval = before
        if process.result == "held":
            version = self.world.versions()[-1]
            event = self.world.decide(version, "Approved")
            list(tampered(self.world, version))[how]()
            self.hear(event)
            self.goes_on(self.world.processes[-1])

    @precondition(lambda self: self.world.versions())
    @rule(data=st.data(), how=st.integers(0, 10))
    def somebody_tampers(self, data: st.DataObject, how: int) -> None:
        champion = self.world.champion()
        others = [version for version in self.world.versions() if not champion or version != champion.version]
        if others:
            try:
                list(tampered(self.world, data.draw(st.sampled_from(others))))[how]()
            except (LineError, KeyError):
                return  # it was tampered with before

    # --- what must hold --------------------------------------------------------------------------------------------

    def advance(self, process: Process, fault: Fault | None) -> None:
        before = self.world.history()
        self.world.advance(process, fault)
        if process.ended and process.result not in ("InService", "keep", "held", "in production already"):
            assert refused(process), process.result
        if process.ended and process.result == "InService" and process.kind == "rollback":
            ended = [time for time in self.world.history() if time.rolled_back]
            arns = [one.champion.model_package_arn for one in ended]
            packages = self.world.sagemaker.packages
            assert any(packages[arn]["ModelApprovalStatus"] == "Rejected" for arn in arns)
        if process.result == "InService" and process.ended and fault is None and self.world.hosted:
            champion, endpoint = self.world.champion(), self.world.sagemaker.endpoints[ENDPOINT]
            assert champion is not None
            assert (endpoint.status, endpoint.config) == ("InService", champion.endpoint_config)
        if "the approval came too late" in process.result:
            assert self.world.history() == before

    @invariant()
    def holds(self) -> None:
        type(self).steps += 1
        history = self.world.history()
        self.pointer_and_history_agree(history)
        if history != self.seen:
            assert [time.champion for time in history[: len(self.seen)]] == [time.champion for time in self.seen]
            for number in range(len(history)):
                self.a_time_is_right(history[:number], history[number])
            self.seen = history
        self.endpoint_serves_what_it_may()

    def pointer_and_history_agree(self, history: list[Production]) -> None:
        champion = self.world.champion()
        assert (champion is None) == (not history)
        assert [time.number for time in history] == list(range(1, len(history) + 1))
        if champion is not None:
            assert history[-1].champion == champion
            assert champion.production == len(history)
            assert not history[-1].rolled_back

    def a_time_is_right(self, before: list[Production], time: Production) -> None:
        champion, world = time.champion, self.world
        assert champion.artefact in world.approved
        assert champion.manifest_sha256 == world.signed[champion.artefact]
        signed = signing.message(champion.manifest_sha256, line=LINE, run=champion.run, variant=champion.variant)
        assert base64.b64decode(champion.signature) == hmac.digest(KEY.encode(), signed, "sha256")
        ended = {one.champion.version for one in before[:-1] if one.rolled_back}
        assert champion.version not in ended
        if not before:
            return
        if before[-1].rolled_back:
            ended |= {before[-1].champion.version}
            allowed = [one.champion.version for one in before if one.champion.version not in ended]
            assert champion.version == allowed[-1]
            assert time.why == f"rollback of version {before[-1].champion.version}"
        else:
            asked = world.sagemaker.packages[champion.model_package_arn]["CustomerMetadataProperties"]
            assert asked["compared_with"] == str(before[-1].champion.version)
            assert champion.version not in {one.champion.version for one in before if one.rolled_back}

    def endpoint_serves_what_it_may(self) -> None:
        endpoint = self.world.sagemaker.endpoints.get(ENDPOINT)
        if endpoint is None or endpoint.serves is None:
            return
        self.served.add(endpoint.config)
        version = int(endpoint.serves["version"])
        artefact = self.world.sagemaker.packages[self.world.arn(version)]["CustomerMetadataProperties"]["artefact"]
        assert artefact in self.world.approved
        assert endpoint.serves["manifest_sha256"] == self.world.signed[artefact]
        champion = self.world.champion()
        if champion is not None and champion.endpoint_config:
            assert champion.endpoint_config in self.served
        if champion is not None and version < champion.version:
            asked = (champion.production, version) in self.world.rollbacks
            assert asked or endpoint.pending == champion.endpoint_config or self.is_overtaken(version)

    def is_overtaken(self, version: int) -> bool:
        """Whether another version was promoted just before the endpoint was asked for this: its verify undoes it."""
        late = [process for process in self.world.processes if process.was_raced and process.version == version]
        return any(not process.ended or process.result == "stopped" for process in late)

    def everything_comes_to_rest(self) -> None:
        """Whoever died does it again, and endpoint and pointer agree."""
        world = self.world
        world.settle()
        world.sagemaker.tick()
        self.holds()
        if not world.hosted or self.is_abandoned or not self.champion_can_start():
            world.approval = "automatic"
            last = world.run(roc_auc=self.best() + 0.01)
            assert world.finish(last) == "InService"
            world.sagemaker.tick()
        champion, endpoint = world.champion(), world.sagemaker.endpoints.get(ENDPOINT)
        if world.hosted and champion is not None:
            assert endpoint is not None
            assert (endpoint.status, endpoint.config) == ("InService", champion.endpoint_config)

    def champion_can_start(self) -> bool:
        """Whether the champion's archive is still what it was when it was put into service."""
        champion = self.world.champion()
        if champion is None:
            return True
        try:
            self.world.sagemaker.load(self.world.sagemaker.models[champion.endpoint_config])
        except ValueError:
            return False
        return True


def test_whatever_happens_to_releases_what_is_in_production_is_right() -> None:
    Releases.steps = 0
    run_state_machine_as_test(
        Releases,
        settings=settings(
            max_examples=100,
            stateful_step_count=80,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],  # shrinking takes minutes; remove this line for it
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{Releases.steps} steps")
    assert Releases.steps >= LEAST_STEPS
