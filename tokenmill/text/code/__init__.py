"""Analysis of source code: comments, imports, encoded runs, languages, licence expressions."""
