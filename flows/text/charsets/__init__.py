"""Which charset some bytes are in: Unicode in its forms first, then the evidence for every charset that may be."""
