/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What writing and reading a stored table share. */
#ifndef FORNIX_STORE_PARTS_H
#define FORNIX_STORE_PARTS_H

#define STORE_TABLE "table.json"
#define STORE_TENSORS "tensors.safetensors"

enum { STORE_FORMAT = 1 };

/* Kinds as words: numbers in files outlive the enum that they are from. */
typedef struct KindWord {
    unsigned kind;
    const char *word;
} KindWord;

extern const KindWord store_kinds[];        /* ends with {0} */
extern const char *const store_fit_kinds[]; /* by FitKind; ends with NULL */

#endif
