/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of an exchange: what goes where (exchange_pair.c) and its reading and writing
 * (exchange.c). */
#ifndef FORNIX_EXCHANGE_PARTS_H
#define FORNIX_EXCHANGE_PARTS_H

#include "exchange.h"
#include "experiment.h"
#include "mapping.h"
#include "safetensors.h"
#include "tensor_turn.h"

/* A weight here and the tensor there that it is. */
typedef struct Pair {
    const char *there; /* NULL: left out, as the map says */
    size_t tensor;     /* to import: its number in the file */
    MapRule *rule;
    TensorTurn turn;
} Pair;

typedef struct Exchange {
    const ExchangeRequest *request;
    Arena *memory;
    Experiment *experiment;
    Diag *diag;      /* the experiment's */
    const char *net; /* its name */
    const char *net_file;
    const Parameter *weights; /* of the net */
    const char **names;       /* of each, in the net */
    int count;
    Pair *pairs; /* of each */
    Mapping *map;
    const char *to;
    SafeFile *file;
    int64_t ignored;
} Exchange;

/* Fills pairs. All that does not fit is in the diag; false after mistakes. */
bool exchange_pair_in(Exchange *x);
bool exchange_pair_out(Exchange *x);

#endif
