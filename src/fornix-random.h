/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers that are a function of a key and an index, so that order of execution cannot
 * matter. Installed.
 *
 * Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3; SC 2011) enciphers a
 * counter under a key. A key is made from a seed and a path, and further keys from keys: one for
 * each thing that draws. Value i of a key is then the same whoever asks for it, in any order, in
 * any batch, on any thread. The three families (uniform, normal, below) draw from separate
 * counters: one key may serve all of them.
 */
#ifndef FORNIX_RANDOM_H
#define FORNIX_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t word[2];
} FornixRandomKey;

FornixRandomKey fornix_random_key(uint64_t seed, const char *path);
/* Another key for each n, unrelated to key's own numbers. */
FornixRandomKey fornix_random_derive(FornixRandomKey key, uint64_t n);

/* One block of the cipher: four words from a counter and a key. */
void fornix_random_block(FornixRandomKey key, const uint32_t counter[4], uint32_t out[4]);

float fornix_random_uniform(FornixRandomKey key, uint64_t i); /* [0, 1), 24 bits */
double fornix_random_real(FornixRandomKey key, uint64_t i);   /* [0, 1), 53 bits */
float fornix_random_normal(FornixRandomKey key, uint64_t i);  /* mean 0, variance 1 */
/* An integer in [0, n), each as likely; n > 0. */
int64_t fornix_random_below(FornixRandomKey key, uint64_t i, int64_t n);

/* out[j] = value first + j, the same bits as one at a time. */
void fornix_random_fill_uniform(FornixRandomKey key, uint64_t first, float *out, int64_t count);
void fornix_random_fill_normal(FornixRandomKey key, uint64_t first, float *out, int64_t count);

/* 0 to count - 1 in random order (Fisher-Yates). */
void fornix_random_permutation(FornixRandomKey key, int64_t *out, int64_t count);

#ifdef __cplusplus
}
#endif

#endif
