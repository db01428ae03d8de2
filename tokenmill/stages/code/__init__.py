"""Source code: archives and repositories, licences, languages, notebooks."""
