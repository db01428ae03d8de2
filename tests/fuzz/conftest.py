"""Makes the folder `fuzzing` importable by that name, as it is for `python -m bench.fuzz`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
