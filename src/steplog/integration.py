"""What an adapter needs: a recorder by path, kinds, and a way to keep its own failures from the host.

An adapter names steps by keys of its own, reads its framework's objects with functions that it runs through
`contained`, and reports starts, ends and points to a `StepRecorder`. See the integration for LangChain for an example.
"""

from steplog._record.log_handle import LogHandle
from steplog._write.disk.sinks import CallableSink, MemorySink, Sink
from steplog._write.guard import complain, contained, untold
from steplog._write.registry import note_framework, recorder_for, recorders, release
from steplog._write.safe.attributes import instance_dict, instance_field, live_dict, type_name
from steplog._write.safe.exceptions import describe, message_of, status_of
from steplog._write.safe.provider_errors import provider_answer, provider_error_fields
from steplog._write.safe.safe_read import plain_number, read_fields, register_fields
from steplog._write.said.message_types import MessageType, present, register_message_type
from steplog._write.settings.keywords import SettingsFields
from steplog._write.settings.settings import Settings, SettingsError
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.step_recorder import StepRecorder
from steplog._write.steps.watch import WATCH, BudgetExceeded, before_call, told_instead, told_to_answer

__all__ = [
    "WATCH",
    "BudgetExceeded",
    "CallableSink",
    "HandedDown",
    "LogHandle",
    "MemorySink",
    "MessageType",
    "Settings",
    "SettingsError",
    "SettingsFields",
    "Sink",
    "StepRecorder",
    "before_call",
    "complain",
    "contained",
    "describe",
    "instance_dict",
    "instance_field",
    "live_dict",
    "message_of",
    "note_framework",
    "plain_number",
    "present",
    "provider_answer",
    "provider_error_fields",
    "read_fields",
    "recorder_for",
    "recorders",
    "register_fields",
    "register_message_type",
    "release",
    "status_of",
    "told_instead",
    "told_to_answer",
    "type_name",
    "untold",
]
