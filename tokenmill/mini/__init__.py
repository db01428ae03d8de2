"""A small made-up world to run the whole pipeline on: a crawl, a wiki dump, code, and the truth about all of it."""
