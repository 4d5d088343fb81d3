"""Whether a change may be merged: what holds it is that nobody could apply it, or that nobody has let it."""
