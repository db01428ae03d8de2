"""Heads and functions of source files, by language; pieces are parted by a line of four dashes, the head comes first.

@word@ stands for something made up: @fn@ and @Fn@ a function's name, @a@ @b@ @c@ nouns, @A@ @B@ @C@ the same with a
capital, @n@ a number, @note@ a sentence.
"""

PYTHON = '''
"""@note@"""

import math
from dataclasses import dataclass

LIMIT = @n@
----
def @fn@(@a@s: list[int], low: int = @n@) -> list[int]:
    """@note@"""
    return [@a@ for @a@ in @a@s if @a@ >= low]
----
def @fn@(@a@: str, @b@: dict[str, int]) -> int:
    # @note@
    if @a@ not in @b@:
        raise KeyError(f"no @c@ named {@a@!r}")
    return @b@[@a@] * @n@
----
@dataclass
class @A@:
    """@note@"""

    @b@: int
    @c@: float = 0.@n@

    def @fn@(self) -> float:
        return math.sqrt(self.@b@ ** 2 + self.@c@)
----
def @fn@(@a@):
    total = 0
    for i, @b@ in enumerate(@a@):
        total += i * @b@ % @n@
    return min(total, LIMIT)
----
def @fn@(path):
    with open(path, encoding="utf-8") as @a@:
        for line in @a@:
            @b@, _, @c@ = line.partition("=")
            yield @b@.strip(), @c@.strip()
'''

JAVASCRIPT = """
'use strict';

const LIMIT = @n@;
----
/** @note@ */
function @fn@(@a@s, @b@) {
  return @a@s.filter((@a@) => @a@.@c@ > @b@).slice(0, LIMIT);
}
----
async function @fn@(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`@a@ ${response.status}`);
  }
  // @note@
  return response.json();
}
----
class @A@ {
  constructor(@b@) {
    this.@b@ = @b@;
    this.@c@ = @n@;
  }

  @fn@() {
    return this.@b@ * this.@c@;
  }
}
----
const @fn@ = (@a@) => {
  let @b@ = 0;
  for (const @c@ of @a@) {
    @b@ += @c@.length;
  }
  return @b@;
};
"""

GO = """
package @a@

import (
	"errors"
	"fmt"
)

const limit = @n@
----
// @Fn@ keeps what is short. @note@
func @Fn@(@a@s []string) ([]string, error) {
	if len(@a@s) == 0 {
		return nil, errors.New("no @a@")
	}
	var out []string
	for _, @b@ := range @a@s {
		if len(@b@) < limit {
			out = append(out, @b@)
		}
	}
	return out, nil
}
----
type @A@ struct {
	@B@ int
	@C@ string
}

func (x *@A@) @Fn@() string {
	return fmt.Sprintf("%s:%d", x.@C@, x.@B@+@n@)
}
----
func @fn@(@a@ map[string]int, @b@ string) int {
	// @note@
	if n, ok := @a@[@b@]; ok {
		return n
	}
	return @n@
}
"""

C = """
#include <stddef.h>
#include <string.h>

#define LIMIT @n@
----
/* @note@ */
size_t @fn@(const char *@a@, char @b@)
{
    size_t n = 0;
    while (*@a@)
        n += *@a@++ == @b@;
    return n < LIMIT ? n : LIMIT;
}
----
struct @a@ {
    int @b@;
    struct @a@ *next;
};

int @fn@(const struct @a@ *head)
{
    int sum = 0;
    for (; head; head = head->next)
        sum += head->@b@;
    return sum % @n@;
}
----
static void @fn@(int *@a@, size_t len)
{
    for (size_t i = 1; i < len; i++)
        @a@[i] += @a@[i - 1];
}
"""

RUST = """
use std::collections::HashMap;

pub const LIMIT: usize = @n@;
----
/// @note@
pub fn @fn@(@a@s: &[u64]) -> Option<u64> {
    @a@s.iter().filter(|@a@| **@a@ < @n@).max().copied()
}
----
#[derive(Debug, Clone)]
pub struct @A@ {
    pub @b@: usize,
    pub @c@: String,
}

impl @A@ {
    pub fn @fn@(&self) -> usize {
        self.@b@.min(LIMIT) + self.@c@.len()
    }
}
----
pub fn @fn@(text: &str) -> HashMap<&str, usize> {
    let mut @a@ = HashMap::new();
    for @b@ in text.split_whitespace() {
        *@a@.entry(@b@).or_insert(0) += 1;
    }
    @a@
}
"""

JAVA = """
package org.example.@a@;

import java.util.ArrayList;
import java.util.List;

public final class @A@Tools {
    private static final int LIMIT = @n@;
----
    /** @note@ */
    public static List<String> @fn@(List<String> @a@s) {
        List<String> out = new ArrayList<>();
        for (String @b@ : @a@s) {
            if (@b@.length() < LIMIT) {
                out.add(@b@.trim());
            }
        }
        return out;
    }
----
    public static int @fn@(int @a@, int @b@) {
        // @note@
        return Math.floorMod(@a@ * @n@ + @b@, LIMIT);
    }
----
    static boolean @fn@(String @a@) {
        if (@a@ == null || @a@.isEmpty()) {
            throw new IllegalArgumentException("@b@ is missing");
        }
        return @a@.length() > @n@;
    }
"""

SHELL = """
#!/bin/sh
set -eu

LIMIT=@n@
----
# @note@
@fn@() {
    @a@=$1
    while read -r @b@; do
        [ "${#@b@}" -lt "$LIMIT" ] && echo "$@a@ $@b@"
    done
}
----
@fn@() {
    for @a@ in "$@"; do
        grep -c '@b@' "$@a@" || echo "no @c@ in $@a@" >&2
    done
}
"""

SQL = """
-- @note@
----
CREATE TABLE @a@s (
    id INTEGER PRIMARY KEY,
    @b@ TEXT NOT NULL,
    @c@ INTEGER DEFAULT @n@
);
----
-- @note@
SELECT @a@, COUNT(*) AS @b@_count
FROM @c@s
WHERE @b@ > @n@
GROUP BY @a@
ORDER BY @b@_count DESC;
"""
