"""Where a database stands in its life, so that a follower knows whether what it has seen is still the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

# A server that writes knows its timeline at once. A standby knows it from whom it receives, or, where its role may not
# ask that, from its last restart point.
_POSITION = """
    SELECT identity::text, (pg_control_system()).system_identifier::text,
        CASE WHEN pg_is_in_recovery()
            THEN greatest((pg_control_checkpoint()).timeline_id, (SELECT received_tli FROM pg_stat_wal_receiver))
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer
        END,
        generation, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        pg_is_in_recovery(), (pg_control_checkpoint()).timeline_id
    FROM base
"""


@dataclass(frozen=True, slots=True)
class Position:
    """What one snapshot shows.

    `identity` is the knowledge base's, and goes along with a dump; `system` is PostgreSQL's own, and does not.
    `timeline` rises with each failover and each restore to a point in time. `generation` counts commits; every
    transaction below `cursor` has ended. `recovering` is a standby; what it shows is at least of the timeline
    `checkpoint`.
    """

    identity: str
    system: str
    timeline: int
    generation: int
    cursor: int
    recovering: bool = False
    checkpoint: int = 0

    def precedes(self, other: Position) -> bool:
        """Whether something of `other` has not happened here, or not yet."""
        if self.timeline == other.timeline and self.cursor < other.cursor:
            return True
        return self.timeline < other.timeline or self.generation < other.generation

    def lasting(self) -> dict[str, Any]:
        """What is worth remembering, for JSON."""
        facts = asdict(self)
        return {name: facts[name] for name in ("identity", "system", "timeline", "generation", "cursor")}


def read_position(connection: Connection) -> Position:
    row = connection.execute(_POSITION).fetchone()
    assert row is not None
    return Position(*row)
