"""Formulas in MathML as text."""
