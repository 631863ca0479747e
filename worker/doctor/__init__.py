"""What is wrong, what that means for the worker's promise, and the line that mends it: pure rules over facts.

Nothing here looks at anything. Whoever holds a broker, a provider or a ledger writes down what it saw as `facts`;
`diagnose` applies every rule to them.
"""

from worker.doctor.diagnosis import diagnose
from worker.doctor.findings import Danger, Diagnosis, Finding, Rule, Severity

__all__ = ["Danger", "Diagnosis", "Finding", "Rule", "Severity", "diagnose"]
