"""Commands that check and show a corpus of tokens: `pipeline tokens ...`."""

from dataclasses import asdict
from typing import Annotated

import typer

from tokenmill.cli.app import AsJson, AsJsonLines, CorpusFolder, print_json
from tokenmill.cli.sections import Sentences
from tokenmill.core.errors import DataError, short

tokens_app = typer.Typer(no_args_is_help=True, cls=Sentences, help="Check and show a corpus of token shards.")


@tokens_app.command("verify")
def verify(corpus: CorpusFolder, json_out: AsJson = False) -> None:
    """Read every shard and check headers, sizes, checksums, indexes, and that ids are in the vocabulary."""
    from tokenmill.core.corpus.corpus_contents import split_totals
    from tokenmill.core.corpus.verify import verify_corpus

    found = verify_corpus(corpus)
    totals = split_totals(found)
    if json_out:
        print_json({"corpus": found.folder, "checksum": found.checked, "splits": [asdict(total) for total in totals]})
        return
    shards = sum(total.shards for total in totals)
    print(f"verified: {shards} shards, " + ", ".join(f"{total.tokens:,} tokens in {total.split}" for total in totals))
    if not found.checked:
        print(
            f"{found.folder}/manifest.json was written by an earlier build and has no checksum of its own, so edits of "
            "it are not noticed. To get one, run the recipe again with this build"
        )


@tokens_app.command("stats")
def stats(corpus: CorpusFolder, json_out: AsJson = False) -> None:
    """Count tokens, documents and bytes by split and by source."""
    from tokenmill.core.corpus.corpus_contents import split_totals
    from tokenmill.core.corpus.token_shard import read_corpus

    found = read_corpus(corpus)
    if json_out:
        facts = {"vocab_size": found.vocab_size, "bos_id": found.bos_id, "sha256": found.sha256}
        print_json(facts | {"splits": [asdict(total) for total in split_totals(found)]})
        return
    print(f"vocabulary {found.vocab_size:,}, BOS {found.bos_id}, manifest {found.sha256}")
    for total in split_totals(found):
        print(f"{total.split}: {total.tokens:,} tokens, {total.documents:,} documents, {total.shards} shards")
        for source, tokens in total.tokens_by_source.items():
            print(f"  {source or '(no source)'}: {tokens:,} tokens")


@tokens_app.command("cat")
def cat(
    corpus: CorpusFolder,
    split: Annotated[str, typer.Option(help="Name of the split.")] = "train",
    documents: Annotated[int, typer.Option(min=1, help="Number of documents, from the first.")] = 1,
    json_out: AsJsonLines = False,
) -> None:
    """Decode the first documents and show their text, with control characters made visible."""
    from tokenizers import Tokenizer

    from tokenmill.core.corpus.corpus_contents import first_documents, tokenizer_json
    from tokenmill.core.corpus.token_shard import read_corpus
    from tokenmill.pipeline.report import plain

    found = read_corpus(corpus)
    try:
        tokenizer = Tokenizer.from_str(tokenizer_json(found))
    except Exception as error:  # the library raises nothing narrower
        problem = short(str(error))
        raise DataError(
            f"{found.folder}/tokenizer/tokenizer.json: cannot be loaded: {problem}; write it again"
        ) from error
    for document in first_documents(found, split, documents):
        text = tokenizer.decode(document.tokens.tolist(), skip_special_tokens=False)
        if json_out:
            print_json({"id": document.id, "url": document.url, "text": text}, in_one_line=True)
            continue
        print(f"{document.id}  {plain(document.url)}")
        print(plain(text))
