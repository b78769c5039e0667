"""Pure geometry: coordinate systems of China, exact point in polygon, checks of drawn grids, metres."""
