"""Reads the members of a tar archive for stages.read_code. Members that are not plain files are refused by a rule."""

from collections.abc import Iterator
from typing import Any

from tokenmill.stages.code.archive_members import DAMAGED, UNPACKING_ERRORS, Member, NoArchive, commit_of
from tokenmill.stages.reading.tar_members import DEVICES, FILES, FOLDER, LINKS, NoTar, TarMember, TarMembers


class TarArchive:
    """Iterates over the archive's members that are not folders. Damage gives one member that is refused as DAMAGED.

    limit: bytes that the archive may unpack to. Beyond that, one member that is refused as `bomb` ends the iteration.
    size: size of the stream if it is an uncompressed file. Unread content is then skipped by seeking. Default: the
    content is read. Iteration raises NoArchive if the file is not a tar archive.
    """

    def __init__(self, stream: Any, limit: int, size: int | None = None) -> None:
        self.members = TarMembers(stream, limit, size)

    @property
    def commit(self) -> str:
        """The commit that `git archive` wrote into the archive, known after its header was read."""
        return commit_of(self.members.comment)

    def __iter__(self) -> Iterator[Member]:
        try:
            for member in self.members:
                if member.kind != FOLDER:
                    refused, found = _refusal(member)
                    read = self.members.read
                    yield Member(member.name, member.size, member.offset, member.time, refused, found, read)
        except NoTar as error:
            raise NoArchive(str(error)) from error
        except UNPACKING_ERRORS as error:
            if self.members.at == 0:
                raise NoArchive(f"cannot be unpacked: {error}") from error
            yield self._damage(str(error))
            return
        if self.members.at > self.members.limit:
            found = f"more than {self.members.limit} bytes in the archive"
            yield Member(b"", 0, self.members.at, refused="bomb", found=found)
        elif not self.members.ended:
            yield self._damage("it has no end mark")

    def _damage(self, problem: str) -> Member:
        return Member(b"", 0, self.members.at, refused=DAMAGED, found=f"the archive breaks here: {problem}"[:200])


def _refusal(member: TarMember) -> tuple[str, str]:
    """Returns (rule, what was found) if a member is not a plain file, otherwise ("", "")."""
    if member.kind in LINKS:
        return "link", LINKS[member.kind]
    if member.kind in DEVICES:
        return "device", DEVICES[member.kind]
    if member.sparse:
        return "sparse", "a sparse file"
    return ("", "") if member.kind in FILES else ("device", f"a member of the kind {member.kind!r}")
