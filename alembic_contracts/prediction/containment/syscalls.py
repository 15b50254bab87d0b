"""The system calls of Linux that reach outside of a process: their numbers, when they do, and how to say it."""

from __future__ import annotations

import os

from msgspec import Struct

__all__ = ["ARCHITECTURES", "CALLS", "Architecture", "Call", "Condition", "Told"]


class Architecture(Struct, frozen=True):
    """What the kernel calls a processor's architecture."""

    audit: int
    """``AUDIT_ARCH_*`` of <linux/audit.h>."""
    seccomp: int
    """The number of ``seccomp()``."""


ARCHITECTURES = {"x86_64": Architecture(0xC000003E, 317), "aarch64": Architecture(0xC00000B7, 277)}
"""By ``os.uname().machine``."""


class Condition(Struct, frozen=True):
    """When a call reaches outside, by the lower half of one of its arguments."""

    argument: int
    any_of: int = 0
    """Where any of these bits is set."""
    none_of: int = 0
    """Where none of these bits is set."""
    other_than: int | None = None
    """Where it is anything else."""


class Call(Struct, frozen=True):
    """One system call."""

    name: str
    numbers: tuple[int | None, int | None]
    """On x86_64 and on aarch64; None: not there."""
    told: str = ""
    """What a script does with it; empty: it is not there for scripts, and libraries know other ways."""
    path: int | None = None
    """Which argument is a path; a folder that it is relative to comes before it where the name ends in ``at``."""
    condition: Condition | None = None
    """None: always."""

    def number(self, machine: str) -> int | None:
        """Return its number on a machine."""
        return self.numbers[list(ARCHITECTURES).index(machine)]


_OPENS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CLONE_THREAD = 0x10000
_AF_UNIX = 1


class Told:
    """The words; the same as those of Python's own audit events."""

    WRITES = "writes the file"
    CREATES = "creates a file"
    MAKES = "creates a directory"
    REMOVES = "removes a file"
    EMPTIES = "removes a directory"
    RENAMES = "renames a file"
    CHANGES = "changes a file"
    MOUNTS = "changes the file system"
    NETWORK = "uses the network"
    CONNECTS = "opens a connection of its own"
    STARTS = "starts a process"
    SIGNALS = "sends a signal"
    REACHES = "reaches into another process"
    ENDS = "ends the process"


CALLS = (
    Call("open", (2, None), Told.WRITES, 0, condition=Condition(1, any_of=_OPENS)),
    Call("openat", (257, 56), Told.WRITES, 1, condition=Condition(2, any_of=_OPENS)),
    Call("creat", (85, None), Told.WRITES, 0),
    Call("mkdir", (83, None), Told.MAKES, 0),
    Call("mkdirat", (258, 34), Told.MAKES, 1),
    Call("rmdir", (84, None), Told.EMPTIES, 0),
    Call("unlink", (87, None), Told.REMOVES, 0),
    Call("unlinkat", (263, 35), Told.REMOVES, 1),
    Call("rename", (82, None), Told.RENAMES, 0),
    Call("renameat", (264, 38), Told.RENAMES, 1),
    Call("renameat2", (316, 276), Told.RENAMES, 1),
    Call("link", (86, None), Told.CREATES, 1),
    Call("linkat", (265, 37), Told.CREATES, 3),
    Call("symlink", (88, None), Told.CREATES, 1),
    Call("symlinkat", (266, 36), Told.CREATES, 2),
    Call("mknod", (133, None), Told.CREATES, 0),
    Call("mknodat", (259, 33), Told.CREATES, 1),
    Call("chmod", (90, None), Told.CHANGES, 0),
    Call("chown", (92, None), Told.CHANGES, 0),
    Call("lchown", (94, None), Told.CHANGES, 0),
    Call("truncate", (76, 45), Told.CHANGES, 0),
    Call("fchmodat", (268, 53), Told.CHANGES, 1),
    Call("fchmodat2", (452, 452), Told.CHANGES, 1),
    Call("fchownat", (260, 54), Told.CHANGES, 1),
    Call("utime", (132, None), Told.CHANGES, 0),
    Call("utimes", (235, None), Told.CHANGES, 0),
    Call("futimesat", (261, None), Told.CHANGES, 1),
    Call("utimensat", (280, 88), Told.CHANGES, 1),
    Call("setxattr", (188, 5), Told.CHANGES, 0),
    Call("lsetxattr", (189, 6), Told.CHANGES, 0),
    Call("removexattr", (197, 14), Told.CHANGES, 0),
    Call("lremovexattr", (198, 15), Told.CHANGES, 0),
    Call("fchmod", (91, 52), Told.CHANGES),
    Call("fchown", (93, 55), Told.CHANGES),
    Call("fsetxattr", (190, 7), Told.CHANGES),
    Call("mount", (165, 40), Told.MOUNTS),
    Call("umount2", (166, 39), Told.MOUNTS),
    Call("move_mount", (429, 429), Told.MOUNTS),
    Call("socket", (41, 198), Told.NETWORK, condition=Condition(0, other_than=_AF_UNIX)),
    Call("connect", (42, 203), Told.CONNECTS),
    Call("bind", (49, 200), Told.NETWORK),
    Call("sendto", (44, 206), Told.NETWORK, condition=Condition(4, any_of=0xFFFFFFFF)),
    Call("sendmsg", (46, 211), Told.NETWORK),
    Call("sendmmsg", (307, 269), Told.NETWORK),
    Call("fork", (57, None), Told.STARTS),
    Call("vfork", (58, None), Told.STARTS),
    Call("clone", (56, 220), Told.STARTS, condition=Condition(0, none_of=_CLONE_THREAD)),
    Call("execve", (59, 221), Told.STARTS),
    Call("execveat", (322, 281), Told.STARTS),
    Call("kill", (62, 129), Told.SIGNALS),
    Call("tkill", (200, 130), Told.SIGNALS),
    Call("tgkill", (234, 131), Told.SIGNALS),
    Call("rt_sigqueueinfo", (129, 138), Told.SIGNALS),
    Call("rt_tgsigqueueinfo", (297, 240), Told.SIGNALS),
    Call("pidfd_send_signal", (424, 424), Told.SIGNALS),
    Call("ptrace", (101, 117), Told.REACHES),
    Call("process_vm_writev", (311, 271), Told.REACHES),
    Call("pidfd_getfd", (438, 438), Told.REACHES),
    Call("exit_group", (231, 94), Told.ENDS),
    Call("io_uring_setup", (425, 425)),
    Call("clone3", (435, 435)),
    Call("openat2", (437, 437)),
)
