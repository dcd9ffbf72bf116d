"""The store: immutable batches, and the steps and cases derived from them. Nobody else knows how they lie on disk."""

from mining.store.batches import Batch, Batches, load_id_of
from mining.store.derive import derive
from mining.store.overlap import without_known
from mining.store.tables import Tables

__all__ = ["Batch", "Batches", "Tables", "derive", "load_id_of", "without_known"]
