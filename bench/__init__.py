"""Speed and agreement, measured beside peers in one run on the same input; every figure in docs/ comes from here."""
