/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products in register tiles of TILE_ROWS x COLUMNS sums, in vectors of TILE_VECTOR; included by
 * isa_micro_body.h for each width with another TILE(name).
 */
#define VECTORS (COLUMNS / TILE_VECTOR)

typedef float TILE(Vector) __attribute__((vector_size(TILE_VECTOR * sizeof(float))));
typedef float TILE(Loose)
    __attribute__((vector_size(TILE_VECTOR * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef TILE(Vector) TILE(Sums)[TILE_ROWS][VECTORS];

/* sum += rows of C, and C = sum; a row of fewer than COLUMNS goes through a full one. C is added
 * last: sums of many parts lose fewer digits than if they ran through all of them. */
INLINE void TILE(add)(const int rows, TILE(Sums) sum, const float *c, int64_t step, int width)
{
    float part[TILE_ROWS][COLUMNS] = {{0}};
    if (width < COLUMNS) {
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                part[r][j] = c[r * step + j];
        c = part[0];
        step = COLUMNS;
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] += *(const TILE(Loose) *)(c + r * step + v * TILE_VECTOR);
    }
}

INLINE void TILE(clear)(const int rows, TILE(Sums) sum)
{
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = (TILE(Vector)){0};
    }
}

INLINE void TILE(store)(const int rows, TILE(Sums) sum, float *c, int64_t step, int width)
{
    float part[TILE_ROWS][COLUMNS];
    float *to = width < COLUMNS ? part[0] : c;
    int64_t to_step = width < COLUMNS ? COLUMNS : step;
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            *(TILE(Loose) *)(to + r * to_step + v * TILE_VECTOR) = sum[r][v];
    }
    if (width < COLUMNS)
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                c[r * step + j] = part[r][j];
}

/* sum += A B for `count` k. */
INLINE void TILE(multiply)(const int rows, TILE(Sums) sum, int64_t count, const float *a,
                           int64_t a_row, int64_t a_k, const float *b, int64_t b_k)
{
    for (int64_t k = 0; k < count; k++) {
        TILE(Vector) row[VECTORS];
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            row[v] = *(const TILE(Loose) *)(b + v * TILE_VECTOR);
        UNROLLED
        for (int r = 0; r < rows; r++) {
            float factor = a[r * a_row];
            UNROLLED
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += factor * row[v];
        }
        a += a_k;
        b += b_k;
    }
}

INLINE void TILE(dot_tile)(const int rows, const IsaDot *dot, const float *a, const float *b,
                           const float *start, float *c)
{
    TILE(Sums) sum;
    TILE(clear)(rows, sum);
    /* Short sums of a single tap must not pay for keeping three loops. */
    if (dot->taps[0] == 1 && dot->taps[1] == 1 && dot->taps[2] == 1) {
        TILE(multiply)(rows, sum, dot->length, a, dot->a_step, 1, b, dot->b_step);
    } else {
        for (int64_t i = 0; i < dot->taps[0]; i++)
            for (int64_t j = 0; j < dot->taps[1]; j++)
                for (int64_t k = 0; k < dot->taps[2]; k++) {
                    const float *at = a + i * dot->a_tap[0] + j * dot->a_tap[1] + k * dot->a_tap[2];
                    const float *by = b + i * dot->b_tap[0] + j * dot->b_tap[1] + k * dot->b_tap[2];
                    TILE(multiply)(rows, sum, dot->length, at, dot->a_step, 1, by, dot->b_step);
                }
    }
    if (dot->accumulate)
        TILE(add)(rows, sum, c, dot->c_step, dot->width);
    else if (start)
        TILE(add)(rows, sum, start, 0, COLUMNS);
    TILE(store)(rows, sum, c, dot->c_step, dot->width);
}

INLINE void TILE(outer_tile)(const int rows, const IsaOuter *outer, const float *a, const float *b,
                             float *c)
{
    TILE(Sums) sum;
    TILE(clear)(rows, sum);
    for (int64_t i = 0; i < outer->lines; i++) {
        const float *at = a + i * outer->a_line, *by = b + i * outer->b_line;
        TILE(multiply)(rows, sum, outer->pixels, at, 1, outer->a_pixel, by, outer->b_pixel);
    }
    if (outer->accumulate)
        TILE(add)(rows, sum, c, outer->c_step, outer->width);
    TILE(store)(rows, sum, c, outer->c_step, outer->width);
}

/* Tiles of nearly the same height: 8 rows are 4 + 4, not 6 + 2. */
INLINE int TILE(height)(int64_t rows)
{
    int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    return (int)((rows + tiles - 1) / tiles);
}

#define DOT(height) TILE(dot_tile)(height, dot, a, b, start, c)
static void TILE(dot)(const IsaDot *dot, int64_t rows, const float *a, const float *b,
                      const float *start, float *c)
{
    while (rows > 0) {
        int height = TILE(height)(rows);
        WITH_HEIGHT(height, DOT)
        rows -= height;
        a += height * dot->a_step;
        c += height * dot->c_step;
    }
}

#define OUTER(height) TILE(outer_tile)(height, outer, a, b, c)
static void TILE(outer)(const IsaOuter *outer, const float *a, const float *b, float *c)
{
    for (int64_t rows = outer->rows; rows > 0;) {
        int height = TILE(height)(rows);
        WITH_HEIGHT(height, OUTER)
        rows -= height;
        a += height;
        c += height * outer->c_step;
    }
}

#undef DOT
#undef OUTER
#undef TILE
#undef TILE_VECTOR
#undef VECTORS
#undef COLUMNS
#undef TILE_ROWS
