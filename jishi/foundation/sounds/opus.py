"""How long a packet of Opus sounds, by its own first bytes: what a container says of it is a claim of its sender."""

QUIET = 3  # bytes of a packet that carries nothing (RFC 6716 §3.4: one byte of table, the rest silence)
_SILK, _HYBRID, _CELT = (10_000, 20_000, 40_000, 60_000), (10_000, 20_000), (2_500, 5_000, 10_000, 20_000)


def microseconds(packet: bytes) -> int:
    """Give how long a packet sounds (RFC 6716 §§3.1, 3.2); 0 for one that holds nothing.

    >>> microseconds(bytes([31 << 3])), microseconds(bytes([31 << 3 | 1])), microseconds(bytes([31 << 3 | 3, 6]))
    (20000, 40000, 120000)
    """
    if not packet:
        return 0
    kind, code = packet[0] >> 3, packet[0] & 3
    long = _SILK[kind % 4] if kind < 12 else _HYBRID[kind % 2] if kind < 16 else _CELT[kind % 4]
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[code]
    return long * frames
