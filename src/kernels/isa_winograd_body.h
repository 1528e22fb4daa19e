/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Winograd's transforms; included by isa_micro_body.h, described in isa_micro.h.
 *
 * Each works on vectors of channels, along one axis after the other, in arrays that disappear in
 * registers once loops are unrolled (m is a constant wherever these are inlined).
 */
enum { MOST_POINTS = 6 };

typedef Vector Line[MOST_POINTS];

/* ---- Along an axis -------------------------------------------------------------------------- */

/* F(4) evaluates at 0, NEAR, -NEAR, FAR, -FAR and infinity. */
#define NEAR 0.70710678f
#define FAR 1.41421356f

INLINE void operand_line(const int m, const Line x, Line to)
{
    if (m == 2) {
        to[0] = x[0] - x[2];
        to[1] = x[1] + x[2];
        to[2] = x[2] - x[1];
        to[3] = x[3] - x[1];
        return;
    }
    Vector even = x[4] - 2 * x[2], odd = NEAR * (x[3] - 2 * x[1]);
    Vector far_even = x[4] - 0.5f * x[2], far_odd = FAR * (x[3] - 0.5f * x[1]);
    to[0] = x[0] - 2.5f * x[2] + x[4];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = far_even + far_odd;
    to[4] = far_even - far_odd;
    to[5] = x[1] - 2.5f * x[3] + x[5];
}

INLINE void gradient_line(const int m, const Line z, Line to)
{
    if (m == 2) {
        to[0] = z[0];
        to[1] = z[0] + z[1];
        to[2] = z[0] - z[1];
        to[3] = z[1];
        return;
    }
    Vector even = z[0] + 0.5f * z[2], odd = NEAR * (z[1] + 0.5f * z[3]);
    Vector far_even = z[0] + 2 * z[2], far_odd = FAR * (z[1] + 2 * z[3]);
    to[0] = z[0];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = far_even + far_odd;
    to[4] = far_even - far_odd;
    to[5] = z[3];
}

INLINE void result_line(const int m, const Line p, Line to)
{
    if (m == 2) {
        to[0] = p[0] + p[1] + p[2];
        to[1] = p[1] - p[2] + p[3];
        return;
    }
    Vector even = p[1] + p[2], odd = NEAR * (p[1] - p[2]);
    Vector far_even = p[3] + p[4], far_odd = FAR * (p[3] - p[4]);
    to[0] = p[0] + even + far_even;
    to[1] = odd + far_odd;
    to[2] = 0.5f * even + 2 * far_even;
    to[3] = 0.5f * odd + 2 * far_odd + p[5];
}

INLINE void filter_line(const int m, const Line g, Line to)
{
    if (m == 2) {
        Vector ends = 0.5f * (g[0] + g[2]), middle = 0.5f * g[1];
        to[0] = g[0];
        to[1] = ends + middle;
        to[2] = ends - middle;
        to[3] = g[2];
        return;
    }
    Vector ends = (g[0] + 0.5f * g[2]) * (-2 / 3.0f), middle = g[1] * (-2 / 3.0f * NEAR);
    Vector far_ends = (g[0] + 2 * g[2]) * (1 / 6.0f), far_middle = g[1] * (1 / 6.0f * FAR);
    to[0] = g[0];
    to[1] = ends + middle;
    to[2] = ends - middle;
    to[3] = far_ends + far_middle;
    to[4] = far_ends - far_middle;
    to[5] = g[2];
}

INLINE void unfilter_line(const int m, const Line p, Line to)
{
    if (m == 2) {
        Vector ends = 0.5f * (p[1] + p[2]);
        to[0] = p[0] + ends;
        to[1] = 0.5f * (p[1] - p[2]);
        to[2] = ends + p[3];
        return;
    }
    Vector even = (p[1] + p[2]) * (-2 / 3.0f), odd = (p[1] - p[2]) * (-2 / 3.0f * NEAR);
    Vector far_even = (p[3] + p[4]) * (1 / 6.0f), far_odd = (p[3] - p[4]) * (1 / 6.0f * FAR);
    to[0] = p[0] + even + far_even;
    to[1] = odd + far_odd;
    to[2] = 0.5f * even + 2 * far_even + p[5];
}

/* ---- Strips of patches to points ------------------------------------------------------------ */

/* As many of VECTOR floats as there are, 0 behind them. */
INLINE Vector vector_load_some(const float *from, int64_t count)
{
    if (count >= VECTOR)
        return vector_load(from);
    float some[VECTOR] = {0};
    for (int64_t j = 0; j < count; j++)
        some[j] = from[j];
    return vector_load(some);
}

/* What must be asked for each pixel of a strip: nothing where one plane or both are there with all
 * rows, and with all channels of a vector; whether its row and planes are; and which channels. */
typedef enum { ONE_PLANE, TWO_PLANES, EDGE, SOME_CHANNELS } StripState;

INLINE Vector strip_pixel(const StripState state, const IsaStrip *strip, int64_t channel,
                          int64_t at)
{
    if (state == ONE_PLANE)
        return vector_load(strip->plane[0] + at);
    if (state == TWO_PLANES)
        return vector_load(strip->plane[0] + at) + strip->sign * vector_load(strip->plane[1] + at);
    int64_t count = state == EDGE ? VECTOR : strip->channels - channel;
    Vector value = {0};
    if (strip->plane[0])
        value = vector_load_some(strip->plane[0] + at, count);
    if (strip->plane[1])
        value += strip->sign * vector_load_some(strip->plane[1] + at, count);
    return value;
}

/* The pixels of column w, one row below the other. */
INLINE void strip_load(const int size, const StripState state, const IsaStrip *strip,
                       int64_t channel, int64_t w, Line column)
{
    const bool all = state == ONE_PLANE || state == TWO_PLANES;
    int64_t first = all ? 0 : strip->begin[0];
    int64_t pixel = (w - strip->begin[1]) * strip->w_step + channel;
    UNROLLED
    for (int h = 0; h < size; h++)
        if (all || (h >= first && h < strip->end[0]))
            column[h] = strip_pixel(state, strip, channel, pixel + (h - first) * strip->h_step);
        else
            column[h] = (Vector){0};
}

/* Column w, transformed along h. */
INLINE void strip_column(const int m, const bool gradient, const StripState state,
                         const IsaStrip *strip, int64_t channel, int64_t w, Line to)
{
    if (w < strip->begin[1] || w >= strip->end[1]) {
        UNROLLED
        for (int h = 0; h < m + 2; h++)
            to[h] = (Vector){0};
        return;
    }
    Line column;
    strip_load(gradient ? m : m + 2, state, strip, channel, w, column);
    if (gradient)
        gradient_line(m, column, to);
    else
        operand_line(m, column, to);
}

/* The channels from `begin` to before `end` of all tiles, tile by tile: memory is read as it lies.
 * What two tiles share is loaded and transformed once, and stays in registers where there is one
 * vector of channels. */
INLINE void strip_transform(const int m, const bool gradient, const StripState state,
                            const bool single, const IsaStrip *strip, int64_t begin, int64_t end,
                            float *to, int64_t step)
{
    const int points = m + 2, shared = gradient ? 0 : 2;
    Vector kept[ISA_STRIP_CHANNELS / VECTOR][2][MOST_POINTS];
    const int64_t stop = single ? begin + 1 : end;
    for (int64_t c = begin; c < stop && shared; c += VECTOR)
        for (int w = 0; w < shared; w++)
            strip_column(m, gradient, state, strip, c, w, kept[single ? 0 : c / VECTOR][w]);
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        for (int64_t c = begin; c < stop; c += VECTOR) {
            Line columns[MOST_POINTS];
            UNROLLED
            for (int w = 0; w < shared; w++) {
                UNROLLED
                for (int h = 0; h < points; h++)
                    columns[w][h] = kept[single ? 0 : c / VECTOR][w][h];
            }
            UNROLLED
            for (int w = 0; w < m; w++)
                strip_column(m, gradient, state, strip, c, tile * m + shared + w,
                             columns[shared + w]);
            UNROLLED
            for (int w = 0; w < shared; w++) {
                UNROLLED
                for (int h = 0; h < points; h++)
                    kept[single ? 0 : c / VECTOR][w][h] = columns[m + w][h];
            }
            UNROLLED
            for (int h = 0; h < points; h++) {
                Line row, changed;
                UNROLLED
                for (int w = 0; w < shared + m; w++)
                    row[w] = columns[w][h];
                if (gradient)
                    gradient_line(m, row, changed);
                else
                    operand_line(m, row, changed);
                UNROLLED
                for (int w = 0; w < points; w++)
                    vector_store(to + c + (h * points + w) * step, changed[w]);
            }
        }
        to += strip->tile_step;
    }
}

INLINE void strip_points(const int m, const bool gradient, const IsaStrip *strip, float *to,
                         int64_t step)
{
    bool rows = strip->begin[0] == 0 && strip->end[0] == (gradient ? m : m + 2) && strip->plane[0];
    int64_t padded = (strip->channels + ISA_LANES - 1) / ISA_LANES * ISA_LANES;
    int64_t whole = strip->channels / VECTOR * VECTOR;
    if (whole && !rows)
        strip_transform(m, gradient, EDGE, false, strip, 0, whole, to, step);
    else if (whole == VECTOR && strip->plane[1])
        strip_transform(m, gradient, TWO_PLANES, true, strip, 0, whole, to, step);
    else if (whole == VECTOR)
        strip_transform(m, gradient, ONE_PLANE, true, strip, 0, whole, to, step);
    else if (whole && strip->plane[1])
        strip_transform(m, gradient, TWO_PLANES, false, strip, 0, whole, to, step);
    else if (whole)
        strip_transform(m, gradient, ONE_PLANE, false, strip, 0, whole, to, step);
    if (whole < padded)
        strip_transform(m, gradient, SOME_CHANNELS, false, strip, whole, padded, to, step);
}

static void micro_strip(const IsaStrip *strip, IsaStripKind kind, int m, float *to, int64_t step)
{
    if (kind == ISA_OPERAND && m == 2)
        strip_points(2, false, strip, to, step);
    else if (kind == ISA_OPERAND)
        strip_points(4, false, strip, to, step);
    else if (m == 2)
        strip_points(2, true, strip, to, step);
    else
        strip_points(4, true, strip, to, step);
}

/* ---- Points to results ---------------------------------------------------------------------- */

/* A pixel's complete result. `whole`: all of the tile lies inside, with all of its channels. */
INLINE void result_write(const bool whole, const IsaResult *tile, const int64_t place[3], int64_t c,
                         Vector value)
{
    float *to =
        tile->out + place[0] * tile->d_step + place[1] * tile->h_step + place[2] * tile->w_step + c;
    value += vector_load(tile->bias + c);
    for (int i = 0; i < 3 && !whole; i++)
        if (place[i] >= tile->size[i])
            return;
    if (whole || c + VECTOR <= tile->channels) {
        vector_store(to, value);
        return;
    }
    for (int64_t j = 0; c + j < tile->channels; j++)
        to[j] = value[j];
}

/* The four values of a line along the depth give two results: p0 + p1 + p2 and p1 - p2 + p3. */
INLINE void result_add(const bool whole, const int m, const int depth, const IsaResult *tile,
                       const int place[2], int64_t c, Vector value)
{
    int64_t padded = (tile->channels + ISA_LANES - 1) / ISA_LANES * ISA_LANES;
    int64_t first[3] = {0, place[0], place[1]}, second[3] = {1, place[0], place[1]};
    if (depth == ISA_FLAT) {
        result_write(whole, tile, first, c, value);
        return;
    }
    float *kept = tile->kept + (place[0] * m + place[1]) * padded + c;
    float *behind = kept + m * m * padded;
    if (depth == 0)
        vector_store(kept, value);
    if (depth == 1) {
        vector_store(kept, vector_load(kept) + value);
        vector_store(behind, value);
    }
    if (depth == 2) {
        result_write(whole, tile, first, c, vector_load(kept) + value);
        vector_store(behind, vector_load(behind) - value);
    }
    if (depth == 3)
        result_write(whole, tile, second, c, vector_load(behind) + value);
}

INLINE void result_transform(const bool whole, const int m, const int depth, const IsaResult *tile,
                             const float *from, int64_t step)
{
    const int points = m + 2;
    for (int64_t c = 0; c < tile->channels; c += VECTOR) {
        Line grid[MOST_POINTS];
        UNROLLED
        for (int w = 0; w < points; w++) {
            Line column, changed;
            UNROLLED
            for (int h = 0; h < points; h++)
                column[h] = vector_load(from + c + (h * points + w) * step);
            result_line(m, column, changed);
            UNROLLED
            for (int h = 0; h < m; h++)
                grid[h][w] = changed[h];
        }
        UNROLLED
        for (int h = 0; h < m; h++) {
            Line row;
            result_line(m, grid[h], row);
            UNROLLED
            for (int w = 0; w < m; w++)
                result_add(whole, m, depth, tile, (const int[2]){h, w}, c, row[w]);
        }
    }
}

INLINE void result_depth(const bool whole, const int m, int depth, const IsaResult *tile,
                         const float *from, int64_t step)
{
    switch (depth) {
    case 0: result_transform(whole, m, 0, tile, from, step); break;
    case 1: result_transform(whole, m, 1, tile, from, step); break;
    case 2: result_transform(whole, m, 2, tile, from, step); break;
    case 3: result_transform(whole, m, 3, tile, from, step); break;
    default: result_transform(whole, m, ISA_FLAT, tile, from, step); break;
    }
}

static void micro_result(const IsaResult *tile, const float *from, int64_t step, int m, int depth)
{
    bool whole = tile->size[0] == (depth == ISA_FLAT ? 1 : 2) && tile->size[1] == m &&
                 tile->size[2] == m && tile->channels % VECTOR == 0;
    if (m == 2 && whole)
        result_depth(true, 2, depth, tile, from, step);
    else if (m == 2)
        result_depth(false, 2, depth, tile, from, step);
    else if (whole)
        result_depth(true, 4, depth, tile, from, step);
    else
        result_depth(false, 4, depth, tile, from, step);
}

/* ---- Weights to points and back ------------------------------------------------------------- */

INLINE void filter_transform(const int m, const int planes, const float *from, float *to,
                             int64_t step)
{
    const int points = m + 2, depths = planes == 3 ? 4 : 1;
    Vector cube[3][MOST_POINTS][MOST_POINTS];
    for (int d = 0; d < planes; d++) {
        Line column[3];
        for (int w = 0; w < 3; w++) {
            Line taps, changed;
            for (int h = 0; h < 3; h++)
                taps[h] = vector_load(from + ((d * 3 + h) * 3 + w) * ISA_LANES);
            filter_line(m, taps, changed);
            for (int h = 0; h < points; h++)
                column[w][h] = changed[h];
        }
        for (int h = 0; h < points; h++) {
            Line taps = {column[0][h], column[1][h], column[2][h]};
            filter_line(m, taps, cube[d][h]);
        }
    }
    for (int i = 0; i < points * points; i++) {
        Line taps, changed;
        for (int d = 0; d < planes; d++)
            taps[d] = cube[d][i / points][i % points];
        if (planes == 3)
            filter_line(2, taps, changed);
        else
            changed[0] = taps[0];
        for (int d = 0; d < depths; d++)
            vector_store(to + (d * points * points + i) * step, changed[d]);
    }
}

INLINE void unfilter_transform(const int m, const int planes, const float *from, int64_t step,
                               float *to)
{
    const int points = m + 2, depths = planes == 3 ? 4 : 1;
    Vector cube[3][MOST_POINTS][MOST_POINTS];
    for (int i = 0; i < points * points; i++) {
        Line line, changed;
        for (int d = 0; d < depths; d++)
            line[d] = vector_load(from + (d * points * points + i) * step);
        if (planes == 3)
            unfilter_line(2, line, changed);
        else
            changed[0] = line[0];
        for (int d = 0; d < planes; d++)
            cube[d][i / points][i % points] = changed[d];
    }
    for (int d = 0; d < planes; d++) {
        Line column[3];
        for (int h = 0; h < points; h++) {
            Line changed;
            unfilter_line(m, cube[d][h], changed);
            for (int w = 0; w < 3; w++)
                column[w][h] = changed[w];
        }
        for (int w = 0; w < 3; w++) {
            Line changed;
            unfilter_line(m, column[w], changed);
            for (int h = 0; h < 3; h++)
                vector_store(to + ((d * 3 + h) * 3 + w) * ISA_LANES, changed[h]);
        }
    }
}

#define FOR_SIZES(transform, ...)                                                                  \
    for (int c = 0; c < ISA_LANES; c += VECTOR)                                                    \
        if (m == 2 && deep)                                                                        \
            transform(2, 3, __VA_ARGS__);                                                          \
        else if (m == 2)                                                                           \
            transform(2, 1, __VA_ARGS__);                                                          \
        else if (deep)                                                                             \
            transform(4, 3, __VA_ARGS__);                                                          \
        else                                                                                       \
            transform(4, 1, __VA_ARGS__);
static void micro_filter(const float *from, bool deep, int m, float *to, int64_t step)
{
    FOR_SIZES(filter_transform, from + c, to + c, step)
}

static void micro_unfilter(const float *from, int64_t step, bool deep, int m, float *to)
{
    FOR_SIZES(unfilter_transform, from + c, step, to + c)
}
