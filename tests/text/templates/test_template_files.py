"""The data files of inline templates are consistent."""

from collections import defaultdict

from tokenmill.text.templates.template_files import template_lines


def test_names_that_differ_in_case_only_have_one_pattern() -> None:
    """Kernels find a template by its name in lower case. `{{RUS}}` and `{{ruS|…}}` had two patterns."""
    for language, lines in template_lines().items():
        patterns = defaultdict(set)
        for line in lines:
            for name in line.names:
                patterns[name.lower().replace("_", " ")].add(line.pattern)
        assert {name for name, found in patterns.items() if len(found) > 1} == set(), language
