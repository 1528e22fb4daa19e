/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Philox4x32-10 and what is drawn from it.
 *
 * Bulk draws work on tiles of TILE values that begin at multiples of TILE and are always computed
 * whole, by the same loops: a compiler may vectorise or contract them as it likes, and a range
 * still has the same bits however it is cut. Normal values come from Box and Muller's transform,
 * sqrt(-2 ln u) (cos t, sin t), with logarithm, sine and cosine as polynomials here, because those
 * of libm differ between its versions and between processors.
 */
#include "fornix-random.h"

#include <math.h>
#include <string.h>

enum { BLOCKS = 16, TILE = 4 * BLOCKS };

/* What the third word of a counter says: families of one key never share a block. */
enum { FOR_UNIFORM, FOR_NORMAL, FOR_BELOW, FOR_REAL, FOR_KEY };

static void philox(FornixRandomKey key, uint32_t x[4])
{
    uint32_t k0 = key.word[0], k1 = key.word[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * x[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * x[2];
        x[0] = (uint32_t)(b >> 32) ^ x[1] ^ k0;
        x[2] = (uint32_t)(a >> 32) ^ x[3] ^ k1;
        x[1] = (uint32_t)b;
        x[3] = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

void fornix_random_block(FornixRandomKey key, const uint32_t counter[4], uint32_t out[4])
{
    uint32_t x[4];
    memcpy(x, counter, sizeof x);
    philox(key, x);
    memcpy(out, x, sizeof x);
}

static void draw(FornixRandomKey key, uint64_t i, uint32_t family, uint32_t attempt, uint32_t x[4])
{
    x[0] = (uint32_t)i;
    x[1] = (uint32_t)(i >> 32);
    x[2] = family;
    x[3] = attempt;
    philox(key, x);
}

static FornixRandomKey absorb(FornixRandomKey key, uint64_t n, uint32_t position)
{
    uint32_t x[4];
    draw(key, n, FOR_KEY, position, x);
    return (FornixRandomKey){{x[0], x[1]}};
}

FornixRandomKey fornix_random_derive(FornixRandomKey key, uint64_t n)
{
    return absorb(key, n, 0);
}

FornixRandomKey fornix_random_key(uint64_t seed, const char *path)
{
    FornixRandomKey key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    size_t length = strlen(path);
    /* Bytes are put together by value, so that keys do not depend on the byte order. */
    for (size_t at = 0; at < length; at += 8) {
        uint64_t chunk = 0;
        for (size_t j = at; j < length && j < at + 8; j++)
            chunk |= (uint64_t)(unsigned char)path[j] << (8 * (j - at));
        key = absorb(key, chunk, 1);
    }
    return absorb(key, length, 2);
}

float fornix_random_uniform(FornixRandomKey key, uint64_t i)
{
    uint32_t x[4];
    draw(key, i / 4, FOR_UNIFORM, 0, x);
    return (float)(x[i % 4] >> 8) * 0x1p-24f;
}

double fornix_random_real(FornixRandomKey key, uint64_t i)
{
    uint32_t x[4];
    draw(key, i, FOR_REAL, 0, x);
    return (double)(((uint64_t)x[1] << 32 | x[0]) >> 11) * 0x1p-53;
}

int64_t fornix_random_below(FornixRandomKey key, uint64_t i, int64_t n)
{
    /* 2^64 mod n words at the low end would make some results likelier: they are drawn again. */
    uint64_t size = (uint64_t)n, refused = (0 - size) % size;
    for (uint32_t attempt = 0;; attempt++) {
        uint32_t x[4];
        draw(key, i, FOR_BELOW, attempt, x);
        uint64_t word = (uint64_t)x[1] << 32 | x[0];
        if (word >= refused)
            return (int64_t)(word % size);
    }
}

/* x of all blocks of a tile: x[w][b] is word w of block b. The rounds stand outside, so that the
 * blocks are computed side by side in vectors; the numbers are those of `draw`. */
static void draw_tile(FornixRandomKey key, uint64_t tile, uint32_t family, uint32_t x[4][BLOCKS])
{
    for (uint32_t b = 0; b < BLOCKS; b++) {
        x[0][b] = (uint32_t)(tile * BLOCKS + b);
        x[1][b] = (uint32_t)((tile * BLOCKS + b) >> 32);
        x[2][b] = family;
        x[3][b] = 0;
    }
    for (int round = 0; round < 10; round++) {
        for (int b = 0; b < BLOCKS; b++) {
            uint64_t even = (uint64_t)0xD2511F53u * x[0][b], odd = (uint64_t)0xCD9E8D57u * x[2][b];
            x[0][b] = (uint32_t)(odd >> 32) ^ x[1][b] ^ key.word[0];
            x[2][b] = (uint32_t)(even >> 32) ^ x[3][b] ^ key.word[1];
            x[1][b] = (uint32_t)odd;
            x[3][b] = (uint32_t)even;
        }
        key.word[0] += 0x9E3779B9u;
        key.word[1] += 0xBB67AE85u;
    }
}

static void uniform_tile(FornixRandomKey key, uint64_t tile, float out[TILE])
{
    uint32_t x[4][BLOCKS];
    draw_tile(key, tile, FOR_UNIFORM, x);
    for (int w = 0; w < 4; w++)
        for (int b = 0; b < BLOCKS; b++)
            out[4 * b + w] = (float)(x[w][b] >> 8) * 0x1p-24f;
}

/* ln u for a u in (0, 1] from the top 24 bits of x, by ln m = 2 artanh((m - 1) / (m + 1)) with m in
 * [1/sqrt 2, sqrt 2). */
static inline float log_of(uint32_t x)
{
    float u = ((float)(x >> 8) + 0.5f) * 0x1p-24f;
    uint32_t bits;
    memcpy(&bits, &u, sizeof bits);
    int32_t exponent = (int32_t)(bits - 0x3F3504F3u) >> 23;
    bits -= (uint32_t)exponent << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1.0f) / (m + 1.0f), t = s * s;
    float series = 1.0f + t * (1.0f / 3 + t * (1.0f / 5 + t * (1.0f / 7 + t * (1.0f / 9))));
    return (float)exponent * 0.693147181f + 2.0f * s * series;
}

/* The top two bits of x are the quadrant, the others the place in it. */
static inline void turn(uint32_t x, float *cosine, float *sine)
{
    float a = (float)(int32_t)(x << 2) * (0.785398163f * 0x1p-31f), t = a * a;
    float s = a * (1 + t * (-1.0f / 6 + t * (1.0f / 120 + t * (-1.0f / 5040 + t / 362880))));
    float c = 1 + t * (-1.0f / 2 + t * (1.0f / 24 + t * (-1.0f / 720 + t / 40320)));
    uint32_t quadrant = x >> 30;
    float first = quadrant & 1 ? s : c, second = quadrant & 1 ? c : s;
    *cosine = quadrant == 1 || quadrant == 2 ? -first : first;
    *sine = quadrant & 2 ? -second : second;
}

static void normal_tile(FornixRandomKey key, uint64_t tile, float out[TILE])
{
    uint32_t x[4][BLOCKS];
    draw_tile(key, tile, FOR_NORMAL, x);
    for (int pair = 0; pair < 2; pair++)
        for (int b = 0; b < BLOCKS; b++) {
            float radius = sqrtf(-2.0f * log_of(x[2 * pair][b])), cosine, sine;
            turn(x[2 * pair + 1][b], &cosine, &sine);
            out[4 * b + 2 * pair] = radius * cosine;
            out[4 * b + 2 * pair + 1] = radius * sine;
        }
}

typedef void Tile(FornixRandomKey key, uint64_t tile, float out[TILE]);

static void fill(Tile *make, FornixRandomKey key, uint64_t first, float *out, int64_t count)
{
    while (count > 0) {
        int64_t skip = (int64_t)(first % TILE), part = TILE - skip < count ? TILE - skip : count;
        float tile[TILE];
        make(key, first / TILE, tile);
        memcpy(out, tile + skip, (size_t)part * sizeof *out);
        out += part;
        first += (uint64_t)part;
        count -= part;
    }
}

void fornix_random_fill_uniform(FornixRandomKey key, uint64_t first, float *out, int64_t count)
{
    fill(uniform_tile, key, first, out, count);
}

void fornix_random_fill_normal(FornixRandomKey key, uint64_t first, float *out, int64_t count)
{
    fill(normal_tile, key, first, out, count);
}

float fornix_random_normal(FornixRandomKey key, uint64_t i)
{
    float value;
    fill(normal_tile, key, i, &value, 1);
    return value;
}

void fornix_random_permutation(FornixRandomKey key, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t other = fornix_random_below(key, (uint64_t)i, i + 1);
        out[i] = out[other];
        out[other] = i;
    }
}
