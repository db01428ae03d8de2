"""Web crawls: WARC, WET and ARC files, crawl indexes, HTML to main text."""
