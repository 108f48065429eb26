"""The calls of CloudFormation that do something: stacks and change sets are made, executed and deleted."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from config.errors import LineError
from local.cloudformation.change_sets import ChangeSet
from local.cloudformation.changes import Change, changes, differs
from local.cloudformation.described import Answer, Described
from local.cloudformation.engine import Engine
from local.cloudformation.exports import in_use
from local.cloudformation.requested import Given, RefusedError, read_wanted
from local.cloudformation.stacks import REVIEW, Stack, Wanted

if TYPE_CHECKING:
    pass

PATIENCE_SECONDS = 10.0
"""How long a call waits for the operation that it starts, so that who looks next sees a short one done."""

_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED")


class Actions(Described):
    """Every call that is answered, by its name in lower case with underscores."""

    def create_stack(self, given: Given) -> Answer:
        wanted = read_wanted(self.aws, given, None)
        stack = self._add(given["StackName"])
        stack.protected = bool(given.get("EnableTerminationProtection"))
        self._create(stack, wanted, given)
        return {"StackId": stack.id}

    def update_stack(self, given: Given) -> Answer:
        stack = self._updatable(given["StackName"])
        wanted = read_wanted(self.aws, given, stack)
        if self._told(lambda: differs(self.aws, stack, wanted)) is None:
            raise RefusedError("No updates are to be performed.")
        self._update(stack, wanted, given)
        return {"StackId": stack.id}

    def delete_stack(self, given: Given) -> Answer:
        stack = self.aws.stacks.find(given["StackName"])
        if stack is None or stack.deleted or stack.status == "DELETE_IN_PROGRESS":
            return {}
        if stack.protected:
            raise RefusedError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if used := in_use(self.aws, stack):
            stack.note(stack.name, "AWS::CloudFormation::Stack", stack.status, physical_id=stack.id, reason=used)
            stack.reason = used
            return {}
        if stack.status == "CREATE_IN_PROGRESS":
            stack.cancelled = True
            self._work(stack, lambda: self._delete_once_created(stack, given))
            return {}
        self._begin(stack, "DELETE_IN_PROGRESS", given)
        self._work(stack, lambda: Engine(self.aws, stack).delete(given.get("RetainResources") or []))
        return {}

    def create_change_set(self, given: Given) -> Answer:
        creating = given.get("ChangeSetType", "UPDATE") == "CREATE"
        if given.get("ChangeSetType") == "IMPORT":
            raise RefusedError("the embedded AWS does not import resources: create them with the stack")
        stack = self.aws.stacks.find(given["StackName"])
        if creating and stack is not None and stack.status != REVIEW:
            raise RefusedError(f"Stack [{stack.name}] already exists and cannot be created again with a change set.")
        if not creating:
            stack = self._updatable(given["StackName"])
        wanted = read_wanted(self.aws, given, stack)
        known = stack or self._add(given["StackName"])
        name = given["ChangeSetName"]
        if any(one.name == name for one in known.change_sets.values()):
            raise RefusedError(
                f"ChangeSet {name} cannot be created because it already exists", code="AlreadyExistsException"
            )
        look = changes if creating else differs
        found = self._told(lambda: look(self.aws, known, wanted))
        change_set = ChangeSet(
            id=self.aws.stacks.change_set_id(name),
            name=name,
            stack=known,
            type="CREATE" if creating else "UPDATE",
            wanted=wanted,
            changes=found,
            description=given.get("Description") or "",
        )
        known.change_sets[change_set.id] = change_set
        return {"Id": change_set.id, "StackId": known.id}

    def execute_change_set(self, given: Given) -> Answer:
        change_set = self.change_set(given)
        stack = change_set.stack
        if change_set.execution != "AVAILABLE":
            raise RefusedError(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
                code="InvalidChangeSetStatus",
            )
        if change_set.type == "CREATE":
            self._create(stack, change_set.wanted, given)
        else:
            self._update(stack, change_set.wanted, given)
        stack.change_sets.clear()  # those that were made for what the stack was before are of no use any more
        return {}

    def delete_change_set(self, given: Given) -> Answer:
        try:
            change_set = self.change_set(given)
        except RefusedError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        change_set.stack.change_sets.pop(change_set.id, None)
        return {}

    def update_termination_protection(self, given: Given) -> Answer:
        stack = self.stack(given["StackName"])
        stack.protected = bool(given["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def continue_update_rollback(self, given: Given) -> Answer:
        stack = self.stack(given["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise RefusedError(f"Stack:{stack.id} is in {stack.status} state and can not continue update rollback.")
        self._begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", given)
        self._work(stack, Engine(self.aws, stack).roll_back)
        return {}

    def rollback_stack(self, given: Given) -> Answer:
        stack = self.stack(given["StackName"])
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise RefusedError(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        if stack.status == "CREATE_FAILED":
            self._begin(stack, "ROLLBACK_IN_PROGRESS", given)
            self._work(stack, Engine(self.aws, stack).roll_back_creation)
        else:
            self._begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", given)
            self._work(stack, Engine(self.aws, stack).roll_back)
        return {"StackId": stack.id}

    def _create(self, stack: Stack, wanted: Wanted, given: Given) -> None:
        rollback = not given.get("DisableRollback") and given.get("OnFailure", "ROLLBACK") != "DO_NOTHING"
        self._begin(stack, "CREATE_IN_PROGRESS", given)
        self._work(stack, lambda: Engine(self.aws, stack).create(wanted, rollback=rollback))

    def _update(self, stack: Stack, wanted: Wanted, given: Given) -> None:
        rollback = not given.get("DisableRollback")
        self._begin(stack, "UPDATE_IN_PROGRESS", given)
        self._work(stack, lambda: Engine(self.aws, stack).update(wanted, rollback=rollback))

    def _delete_once_created(self, stack: Stack, given: Given) -> None:
        """Delete a stack whose creation has been cancelled, as soon as it has stopped."""
        stack.stopped.wait()
        self._begin(stack, "DELETE_IN_PROGRESS", given)
        Engine(self.aws, stack).delete(given.get("RetainResources") or [])

    def _add(self, name: str) -> Stack:
        known = self.aws.stacks.find(name)
        if known is not None:
            raise RefusedError(f"Stack [{name}] already exists", code="AlreadyExistsException")
        return self.aws.stacks.add(name)

    def _updatable(self, name: str) -> Stack:
        stack = self.stack(name)
        if stack.deleted or stack.status not in _UPDATABLE:
            raise RefusedError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def _begin(self, stack: Stack, status: str, given: Given) -> None:
        try:
            stack.begin(status, given.get("ClientRequestToken") or "")
        except LineError as error:
            raise RefusedError(str(error)) from None

    def _told(self, work: Callable[[], list[Change] | None]) -> list[Change] | None:
        try:
            return work()
        except LineError as error:
            raise RefusedError(str(error)) from None

    def _work(self, stack: Stack, work: Callable[[], None]) -> None:
        """Do an operation in a thread of its own, and wait for it for a moment."""

        def do() -> None:
            try:
                work()
            except LineError:
                pass  # the stack's state and events tell it
            except Exception:  # noqa: BLE001 -- an operation must not stay in progress for ever
                self.aws.note_failure(traceback.format_exc())
                verb = stack.status.removesuffix("_IN_PROGRESS")
                stack.become(f"{verb}_FAILED", self.aws.problems[-1])

        thread = threading.Thread(target=do, name=f"stack {stack.name}", daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
