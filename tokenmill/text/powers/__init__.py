"""Superscripts and subscripts: text that they would otherwise make part of a number or a word is set apart."""
