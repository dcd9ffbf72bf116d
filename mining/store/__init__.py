"""The store: immutable batches, and the steps and cases derived from them. Nobody else knows how they lie on disk."""

from mining.store.batches import Batch, Batches
from mining.store.derive import derive
from mining.store.tables import Tables

__all__ = ["Batch", "Batches", "Tables", "derive"]
