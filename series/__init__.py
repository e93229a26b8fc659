"""Series that ship with the software: data only."""
