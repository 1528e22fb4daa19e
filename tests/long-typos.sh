#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every typo of tests/test-typos.c, where make check tries some.
TYPOS=1 exec "${builddir:-.}/tests/test-typos"
