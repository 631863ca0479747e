"""Every kind of fault, by its name."""

from tests.fault.scenes.kinds import brokers, ledgers, networks, providers, workers

KINDS = (*workers.kinds(), *brokers.kinds(), *networks.kinds(), *providers.kinds(), *ledgers.kinds())
