"""What a private RabbitMQ node finds in its folder: settings, cookie, a way to its Erlang, and its environment.

Nothing of the machine's own RabbitMQ is read (its environment file, cookie and epmd stay out of sight), and no variable
of the caller's environment reaches the node.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = """\
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.relative = 0.4
log.console = false
log.file.level = info
raft.wal_max_size_bytes = 67108864
"""
# A dead letter whose target did not confirm is offered again after 2 s, not after 3 minutes.
_ADVANCED = "[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 2000}]}].\n"
# The epmd beside this script is starting too, and the node gives up when it is not there yet.
# Both ends show a certificate, and a client's may be its login (`EXTERNAL`, by the certificate's common name).
_TLS = """\
listeners.ssl.default = 127.0.0.1:{port}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
"""
_BOOT = """\
tries=0
until "$EPMD" -names >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 2000 ] || exit 1
done
exec "$RABBITMQ_SBIN/rabbitmq-server"
"""
_ERL = """\
#!/bin/sh
ROOTDIR={root}
BINDIR={root}/{erts}/bin
EMU=beam
PROGNAME=erl
export ROOTDIR BINDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
"""
# `rabbitmqctl` of RabbitMQ 4 is started by way of the `escript` on the PATH, and bare machines have none.
_ESCRIPT = """\
#!/bin/sh
ESCRIPT_EMULATOR={folder}/bin/erl
export ESCRIPT_EMULATOR
exec {root}/bin/escript "$@"
"""
# Schedulers do not spin while they wait: the worker and its tests need the cores. Not bound to cores: several nodes on
# one machine would all sit on the first.
_SCHEDULERS = "+S {count}:{count} +sbwt none +sbwtdcpu none +sbwtdio none"
_MOST_SCHEDULERS = 2


@dataclass(frozen=True, slots=True)
class Erlang:
    """The Erlang to run with: its epmd and, unless it is the system's own, its root and folders of libraries."""

    epmd: Path
    root: Path | None = None
    libraries: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeTls:
    """The files of a TLS listener that demands a client certificate: who signs clients, and what the node shows."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class NodePorts:
    """The ports of one node. `dist` (between nodes, and for rabbitmqctl) must be named: its default is AMQP + 20000."""

    amqp: int
    dist: int
    epmd: int
    management: int | None
    tls: int | None = None


@dataclass(frozen=True, slots=True)
class NodeHome:
    """A folder ready to start a node in."""

    boot_script: Path
    log: Path
    environment: Mapping[str, str]


def write_home(folder: Path, rabbitmq: Path, erlang: Erlang, ports: NodePorts, tls: NodeTls | None = None) -> NodeHome:
    """Fill the folder and return how to start the node; `rabbitmq` is the folder that holds its sbin/."""
    (folder / "bin").mkdir()
    # By way of links without spaces in their names, wherever the software lies: the node's scripts do not quote.
    (folder / "rabbitmq").symlink_to(rabbitmq)
    if erlang.root is not None:
        (folder / "erlang").symlink_to(erlang.root)
        erts = erlang.epmd.parents[1].name
        _write(folder / "bin" / "erl", _ERL.format(root=folder / "erlang", erts=erts), mode=0o700)
        _write(folder / "bin" / "escript", _ESCRIPT.format(folder=folder, root=folder / "erlang"), mode=0o700)
    _write(folder / "boot", _BOOT)
    _write(folder / ".erlang.cookie", secrets.token_hex(16), mode=0o400)
    _write(folder / "advanced.config", _ADVANCED)
    _write(folder / "rabbitmq.conf", _SETTINGS + _management_settings(ports) + _tls_settings(ports, tls))
    _write(folder / "enabled_plugins", f"[{','.join(_plugins(ports))}].\n")
    environment = _environment(folder, erlang, ports)
    return NodeHome(boot_script=folder / "boot", log=folder / "output.log", environment=environment)


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def _management_settings(ports: NodePorts) -> str:
    if ports.management is None:
        return ""
    return f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {ports.management}\n"


def _tls_settings(ports: NodePorts, tls: NodeTls | None) -> str:
    if tls is None:
        return ""
    return _TLS.format(port=ports.tls, authority=tls.authority, certificate=tls.certificate, key=tls.key)


def _plugins(ports: NodePorts) -> Iterator[str]:
    if ports.management is not None:
        yield "rabbitmq_management"
    if ports.tls is not None:
        yield "rabbitmq_auth_mechanism_ssl"


def _environment(folder: Path, erlang: Erlang, ports: NodePorts) -> Mapping[str, str]:
    loopback_only = "-kernel inet_dist_use_interface {127,0,0,1}"
    schedulers = _SCHEDULERS.format(count=min(os.cpu_count() or 1, _MOST_SCHEDULERS))
    return {
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:{os.environ.get('PATH', os.defpath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": ":".join(map(str, erlang.libraries)),
        "EPMD": str(erlang.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports.epmd),
        "RABBITMQ_SBIN": str(folder / "rabbitmq" / "sbin"),
        "RABBITMQ_NODENAME": "private@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports.amqp),
        "RABBITMQ_DIST_PORT": str(ports.dist),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{schedulers} {loopback_only}",
        "RABBITMQ_CTL_ERL_ARGS": loopback_only,
        # Its default range is 11 ports wide, for all users of the machine together.
        "RABBITMQ_CTL_DIST_PORT_MAX": "36671",
        # The start script then becomes the node instead of waiting beside it, so a signal reaches the node itself.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
