"""Weekly figures of grids, villages and towns: how they are defined, counted, kept and handed over."""
