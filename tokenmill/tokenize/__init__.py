"""From text to token shards.

UNITS says in which module each unit of work is, as in stages/.
"""

UNITS = {
    "encode": "tokenmill.tokenize.encode",
    "mix": "tokenmill.tokenize.mix",
    "rehydrate": "tokenmill.tokenize.rehydrate",
    "write_shards": "tokenmill.tokenize.write_shards",
}
