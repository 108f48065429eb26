"""Take the checkout off a child's import path, so that it runs the code that was staged for it.

An editable install puts the checkout on every interpreter's path, and there its packages complete the staged ones of
the same name: a file that was never staged would be found after all, here but not on AWS. Only the standard library,
the installed packages and PYTHONPATH remain. The directory of this file is put onto PYTHONPATH for that.
"""

import os
import sys
import sysconfig

_INSTALLED = tuple(
    os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_GIVEN = {os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}


def _kept(entry: str) -> bool:
    real = os.path.realpath(entry)
    within = any(real == place or real.startswith(place + os.sep) for place in _INSTALLED)
    return (
        not entry or within or real in _GIVEN or entry.endswith(f"python{sys.version_info[0]}{sys.version_info[1]}.zip")
    )


sys.path[:] = [entry for entry in sys.path if _kept(entry)]
