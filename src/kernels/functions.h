/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exponential, logarithm and their kin, written so that a loop over them becomes vector code.
 *
 * The C library's are scalar calls whose bits differ from one machine to the next. These have the
 * same bits wherever the same instruction set runs, and are within 3 units in the last place.
 *
 *   e^x   = 2^k (1 + p(r)),  k = round(x / ln 2),  r = x - k ln 2,  p = Taylor series to r^7
 *   ln x  = k ln 2 + 2 artanh(s),  s = (m - 1) / (m + 1),  m = x / 2^k in [sqrt 1/2, sqrt 2)
 */
#ifndef FORNIX_KERNELS_FUNCTIONS_H
#define FORNIX_KERNELS_FUNCTIONS_H

#include "lanes.h"

INLINE float float_of_bits(int32_t bits)
{
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE int32_t bits_of_float(float value)
{
    int32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

INLINE float power_of_two(int32_t exponent) /* in [-126, 127] */
{
    return float_of_bits((int32_t)((uint32_t)(exponent + 127) << 23));
}

typedef struct {
    float rest;       /* e^r - 1, |r| <= ln 2 / 2 */
    int32_t exponent; /* e^x = 2^exponent (1 + rest) */
} Power;

/* x in [-200, 200] or NaN. Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low
 * bits; ln 2 is taken away in two parts, of which the first is exact for every k. */
INLINE Power power_of(float x)
{
    const float magic = 12582912.0f;
    float shifted = x * 1.44269504088896f + magic, k = shifted - magic;
    float r = x - k * 0.693359375f;
    r = r + k * 2.12194440054690583e-4f;
    float tail = 1 / 720.0f + r * (1 / 5040.0f);
    tail = 1 / 24.0f + r * (1 / 120.0f + r * tail);
    tail = 1 / 2.0f + r * (1 / 6.0f + r * tail);
    return (Power){r + r * r * tail, bits_of_float(shifted) - bits_of_float(magic)};
}

INLINE float clamp_of(float x, float low, float high) /* NaN stays NaN */
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

INLINE float exp_of(float x) /* 0 below -104, infinity above 89 */
{
    Power power = power_of(clamp_of(x, -110.0f, 100.0f));
    int32_t half = power.exponent >> 1; /* 2^exponent may lie beyond a float's range */
    return (1 + power.rest) * power_of_two(half) * power_of_two(power.exponent - half);
}

INLINE float expm1_of(float x) /* e^x - 1 without cancellation near 0, up to x = 88 */
{
    Power power = power_of(clamp_of(x, -50.0f, 88.0f));
    float scale = power_of_two(power.exponent);
    return scale * power.rest + (scale - 1);
}

INLINE float sigmoid_of(float x)
{
    return 1 / (1 + exp_of(-x));
}

INLINE float tanh_of(float x)
{
    float twice = expm1_of(2 * clamp_of(x, -20.0f, 20.0f));
    return twice / (twice + 2);
}

INLINE float log_of(float x) /* x positive, finite and not subnormal */
{
    int32_t bits = bits_of_float(x);
    int32_t exponent = (bits - 0x3f3504f3) >> 23; /* the bits of sqrt 1/2 */
    float m = float_of_bits(bits - (int32_t)((uint32_t)exponent << 23));
    float s = (m - 1) / (m + 1), t = s * s;
    float series = t * (1 / 3.0f + t * (1 / 5.0f + t * (1 / 7.0f + t * (1 / 9.0f))));
    return (float)exponent * 0.693147180559945f + (2 * s + 2 * s * series);
}

INLINE float log1p_of(float x) /* ln(1 + x), x in [0, 1] */
{
    float s = x / (2 + x), t = s * s;
    float tail = 1 / 9.0f + t * (1 / 11.0f + t * (1 / 13.0f + t * (1 / 15.0f)));
    tail = t * (1 / 3.0f + t * (1 / 5.0f + t * (1 / 7.0f + t * tail)));
    return 2 * s + 2 * s * tail;
}

/* The leaky rectifier. Adding 0 makes the -0 of a slope of 0 a 0. */
INLINE float rectify(float x, float slope)
{
    return x > 0 ? x : x * slope + 0.0f;
}

#endif
