"""Steps that add scores and labels to documents."""
