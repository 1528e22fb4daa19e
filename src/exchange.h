/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights from other frameworks, and back to them.
 *
 * A safetensors file as PyTorch writes it becomes a file that weights= of <use> takes, by a map of
 * names (mapping.h) and a change of layout (tensor_turn.h); the way back gives the same tensors,
 * bit by bit. Shapes are those of the net in a stage of the graph. Every tensor there and every
 * weight here has to be spoken for, by exactly one rule; nothing is written before all fits.
 */
#ifndef FORNIX_EXCHANGE_H
#define FORNIX_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ExchangeRequest {
    const char *graph;
    const char *const *overrides; /* "name=value" */
    size_t override_count;
    const char *net;  /* NULL: the one that takes its weights from a file, or the only one */
    const char *map;  /* NULL: beside the graph, called like it */
    const char *from; /* a safetensors file; to export, also the folder of a finished run */
    const char *to;   /* NULL: to import, the file that weights= of the net names */
    bool json;
} ExchangeRequest;

/* The program's exit code; all that people need to know was written to stdout and stderr. */
int exchange_import(const ExchangeRequest *request);
int exchange_export(const ExchangeRequest *request);

#endif
