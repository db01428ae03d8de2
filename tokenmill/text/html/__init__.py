"""HTML to blocks of text, and the choice of the main text."""
