"""Pages of the register of bodies: who there is, which posts, who holds them."""
