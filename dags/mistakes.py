"""Shows mistakes in process files where Airflow shows broken DAGs: as the import error of this file.

It is a file of its own because an import error takes every DAG of its file down, and a mistake in one process must
not stop the others. Without mistakes it makes no dag and says nothing.
"""

import os
from pathlib import Path

from mining.errors import InputError
from mining.process_file import load

FOLDER = Path(os.environ.get("HEADRACE_PROCESSES") or Path(__file__).resolve().parents[1] / "processes")


def mistake_in(path: Path) -> str | None:
    try:
        load(path)
    except InputError as mistake:
        return str(mistake)
    return None


mistakes = [mistake for path in sorted(FOLDER.glob("*.yaml")) if (mistake := mistake_in(path))]
if mistakes:
    raise InputError("Process files with mistakes (airflow runs the others):\n" + "\n".join(mistakes))
