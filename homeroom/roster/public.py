"""What other modules may call."""

from __future__ import annotations

from homeroom.people.models import Guardianship

from .models import RosterEdge

__all__ = ["edges_join"]


def edges_join(kept: Guardianship, other: Guardianship) -> None:
    """`other` becomes `kept`: if a file made either, a later file that leaves the pair out ends the one that stays."""
    moving = RosterEdge.objects.filter(guardianship=other).first()
    if moving is None:
        return
    if not RosterEdge.objects.filter(guardianship=kept).exists():
        RosterEdge.objects.filter(pk=moving.pk).update(guardianship=kept)
    elif not moving.ended:
        RosterEdge.objects.filter(guardianship=kept).update(ended=False)
