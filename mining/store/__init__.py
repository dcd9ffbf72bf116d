"""The store: immutable batches, and the steps and cases derived from them. Nobody else knows how they lie on disk."""

from mining.store.batches import Batch, Batches, load_id_of
from mining.store.comparing import differences
from mining.store.deriving import Load, advance, derive, loads_of
from mining.store.overlap import without_known
from mining.store.part import Part, Value, values
from mining.store.tables import Tables
from mining.store.tallies import RECENT

__all__ = [
    "RECENT",
    "Batch",
    "Batches",
    "Load",
    "Part",
    "Tables",
    "Value",
    "advance",
    "derive",
    "differences",
    "load_id_of",
    "loads_of",
    "values",
    "without_known",
]
