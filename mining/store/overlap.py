"""A query asked again from its last cursor brings rows that are there already: they are taken out before the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from mining.sources import Input, Pull
from mining.sources.files import fingerprint
from mining.sources.quoting import file_literal, literal, quoted


def without_known(pull: Pull, known: Sequence[Path], cursor_column: str, since: str) -> Pull:
    """The pull without the rows that `known` files (batches and quarantine) hold with the cursor value `since` or later.

    As many copies of a row are taken out as are known; two equal rows that are both new both stay.
    """
    if not known or not pull.rows:
        return pull
    with duckdb.connect() as db:
        files = ", ".join(file_literal(path) for path in known)
        db.execute(f"create view pulled as select * from read_parquet({file_literal(pull.path)})")
        db.execute(f"create view kept as select * from read_parquet([{files}], union_by_name = true)")
        have = {row[0] for row in db.execute("describe kept").fetchall()}
        kinds = {row[0]: row[1] for row in db.execute("describe pulled").fetchall()}
        columns = [name for name in kinds if name not in ("file", "row")]
        told = ", ".join(f"{quoted(name)}::varchar" for name in columns)
        told_kept = ", ".join(f"{quoted(name)}::varchar" if name in have else "null" for name in columns)
        kind = kinds["source." + cursor_column]  # numbers and times are not compared as texts
        cursor = f"try_cast({quoted('source.' + cursor_column)} as {kind})"
        order = "row_number() over (partition by {} order by {}) as copy"
        again = pull.path.with_suffix(".new.parquet")
        db.execute(
            f"""copy (
                select p.* exclude (told, copy) from
                (select *, row({told}) as told, {order.format(f"row({told})", '"row"')} from pulled) p
                anti join
                (select row({told_kept}) as told, {order.format(f"row({told_kept})", "1")} from kept
                 where coalesce({cursor} >= try_cast({literal(since)} as {kind}), true)) k
                on p.told = k.told and p.copy = k.copy
                order by "row"
            ) to {file_literal(again)} (format parquet)"""
        )
        rows = db.execute(f"select count(*) from read_parquet({file_literal(again)})").fetchall()[0][0]
    again.replace(pull.path)
    return replace(pull, rows=rows, inputs=(Input("sql", fingerprint(pull.path), rows),))
