"""Faults on demand: which calls go wrong, how, and what that leaves of the state."""

from sandbox.provider.faults.armed import ArmedRule, Faults
from sandbox.provider.faults.rules import Fault, FaultInForce, FaultRule
from sandbox.provider.faults.shapes import ErrorShape, Garble, ThrottleHeaders

__all__ = ["ArmedRule", "ErrorShape", "Fault", "FaultInForce", "FaultRule", "Faults", "Garble", "ThrottleHeaders"]
