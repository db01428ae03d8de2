"""Wikipedia dumps: pages, wikitext to text."""
