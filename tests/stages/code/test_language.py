"""stages/code/language.py: the name of a file gives its language, and its first lines do if the name is not enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.stages.code.language import language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/main.py", "Python"),
        ("A/B/Main.JAVA", "Java"),
        ("x.rs", "Rust"),
        ("x.c", "C"),
        ("x.hh", "C++"),
        ("x.cu", "CUDA"),
        ("x.tsx", "TSX"),
        ("x.sh", "Shell"),
        ("x.f", "Fortran"),
        ("x.ipynb", "Jupyter Notebook"),
        ("x.el", "Emacs Lisp"),
        ("Makefile", "Makefile"),
        ("makefile.am", "Makefile"),
        ("Dockerfile.dev", "Dockerfile"),
        ("CMakeLists.txt", "CMake"),
        ("go.mod", "Go Module"),
        (".gitignore", "Ignore List"),
        (".bashrc", "Shell"),
        ("README", "Text"),
        ("LICENSE-MIT", "Text"),
        ("notes.txt", "Text"),
        ("README.md", "Markdown"),
        ("tool.1", "Roff"),
        ("data.json", "JSON"),
    ],
)
def test_the_name_alone_decides(path: str, language: str) -> None:
    assert language_of(path, b"\xff anything") == language


@pytest.mark.parametrize(
    ("path", "content", "language"),
    [
        ("a.h", b"int f(void);\n", "C"),
        ("a.h", b"#include <vector>\n", "C++"),
        ("a.h", b"  namespace x {\n", "C++"),
        ("a.h", b"#import <Foundation/Foundation.h>\n", "Objective-C"),
        ("a.m", b"@implementation X\n", "Objective-C"),
        ("a.m", b"% a comment\nx = 1;\n", "MATLAB"),
        ("a.m", b"x\n", None),
        ("a.ts", b"export const a = 1;\n", "TypeScript"),
        ("a.ts", b'<?xml version="1.0"?><TS>', "XML"),
        ("a.pl", b"use strict;\n", "Perl"),
        ("a.pl", b"likes(X, Y) :- knows(X, Y).\n", "Prolog"),
        ("a.v", b"module top(input a);\n", "Verilog"),
        ("a.v", b"Theorem x : True.\n", "Coq"),
        ("a.r", b"x <- 1\n", "R"),
        ("a.d", b"import std.stdio;\n", "D"),
        ("a.d", b"main.o: main.c\n", "Makefile"),
        ("a.cls", b"\\ProvidesClass{x}", "TeX"),
        ("run", b"#!/bin/sh\n", "Shell"),
        ("run", b"#!/usr/bin/env -S python3 -u\n", "Python"),
        ("run", b"#! /usr/local/bin/node\n", "JavaScript"),
        ("run.in", b"#!/usr/bin/perl\n", "Perl"),
        ("run", b"#!/usr/bin/env unheard-of\n", None),
        ("run", b"echo\n#!/bin/sh\n", None),
        ("x.unheardof", b"int main() {}", None),
        ("lib-1.2", b"", None),
    ],
)
def test_the_content_decides_where_the_name_leaves_it_open(path: str, content: bytes, language: str | None) -> None:
    assert language_of(path, content) == language


def test_only_the_last_part_of_a_path_and_the_first_4096_bytes_count() -> None:
    assert language_of("a.py/b", b"") is None
    assert language_of("a.h", b"/*" + b" " * 4094 + b"*/\nnamespace x {\n") == "C"
    assert language_of("a.h", b" " * 1_000_000 + b"class") == "C"


@given(
    st.sampled_from(["a.h", "a.m", "a.pl", "a.v", "a.d", "a.asp", "a.inc", "a.cls", "run", ".", "", "..", "a."]),
    st.binary(max_size=200),
)
def test_any_bytes_under_any_name_give_a_language_or_none(path: str, content: bytes) -> None:
    found = language_of(path, content)
    assert found is None or found
    assert found == language_of(path.upper(), content)
