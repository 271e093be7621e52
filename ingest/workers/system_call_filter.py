"""Linux: system calls that a process and all it starts are refused from now on. Needs neither root nor a package.

A seccomp filter (https://docs.kernel.org/userspace-api/seccomp_filter.html) is a small program in classic BPF that the
kernel runs before each call. Where it is missing (old kernels, some sandboxes, other processors) nothing is filtered.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
NUMBER_AT, ARCHITECTURE_AT = 0, 4  # struct seccomp_data
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES


@dataclass(frozen=True, slots=True)
class _Architecture:
    """`audit` is its AUDIT_ARCH of linux/audit.h, `denied` numbers of system calls.

    They are, in this order: socket, connect, ptrace, process_vm_readv, process_vm_writev, io_uring_setup (a ring opens
    sockets without asking the filter), pidfd_getfd.
    """

    audit: int
    denied: tuple[int, ...]
    foreign_from: int = 0  # calls from this number on belong to another ABI of the same processor (x32)


ARCHITECTURES = {
    "x86_64": _Architecture(0xC000003E, (41, 42, 101, 310, 311, 425, 438), foreign_from=0x40000000),
    "aarch64": _Architecture(0xC00000B7, (198, 203, 117, 270, 271, 425, 438)),
}


def deny_network_calls() -> bool:
    """Whether sockets and looking into other processes are refused by the kernel from now on.

    Holds for this thread, those it starts, and every program they run: call it before there are others.
    """
    architecture = ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or architecture is None or sys.maxsize < 2**32:
        return False
    program = _program(architecture)
    instructions = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions)))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0)


def _program(architecture: _Architecture) -> bytes:
    """Refuse calls of another ABI and the denied ones, allow the rest. Jumps count instructions that are left out."""
    checks = [(JUMP_IF_EQUAL, number) for number in architecture.denied]
    if architecture.foreign_from:
        checks.append((JUMP_IF_AT_LEAST, architecture.foreign_from))
    to_refusal = len(checks) + 1  # from the first of the checks: all of them, then ALLOW
    lines = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (JUMP_IF_EQUAL, 0, to_refusal + 1, architecture.audit),
        (LOAD, 0, 0, NUMBER_AT),
        *((check, to_refusal - 1 - place, 0, value) for place, (check, value) in enumerate(checks)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)  # struct sock_filter
