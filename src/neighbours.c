/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "neighbours.h"

#include <math.h>

#include "base.h"

enum { LANES = 16, BLOCK_BYTES = 64 << 20, BLOCKS_LEAST = 16 };

typedef struct {
    Points of, among;
    int64_t size, block; /* floats of a row; rows searched for at a time */
    Neighbours *found;
    FornixError *errors; /* of each block */
} Search;

/* In lanes, so that the compiler may use them: the order of the sum is fixed all the same. */
static float square_apart(const float *a, const float *b, int64_t size)
{
    float lanes[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES)
        for (int k = 0; k < LANES; k++)
            lanes[k] += (a[i + k] - b[i + k]) * (a[i + k] - b[i + k]);
    for (; i < size; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    for (int k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* Keeps the k least, of equal ones the first. */
static void nearest_put(int64_t *nearest, float *far, int64_t k, int64_t other, float distance_to)
{
    int64_t at = k;
    while (at > 0 && distance_to < far[at - 1])
        at--;
    for (int64_t i = k - 1; i > at; i--) {
        nearest[i] = nearest[i - 1];
        far[i] = far[i - 1];
    }
    if (at < k) {
        nearest[at] = other;
        far[at] = distance_to;
    }
}

static bool is_itself(const Search *s, int64_t i, int64_t j)
{
    return s->of.table == s->among.table && s->of.rows[i] == s->among.rows[j];
}

static void search_block(void *context, int64_t number)
{
    const Search *s = context;
    FornixError *error = &s->errors[number];
    int64_t first = number * s->block, k = s->found->k;
    int64_t own = s->of.count - first < s->block ? s->of.count - first : s->block;
    size_t bytes = (size_t)(own + 1) * (size_t)s->size * sizeof(float);
    float *x = mem_large(bytes), *other = x ? x + own * s->size : NULL;
    float *far = s->found->squares + first * k;
    bool fine = x || fornix_fail(error, "no memory to look for neighbours");
    for (int64_t i = 0; i < own * k; i++)
        far[i] = INFINITY;
    for (int64_t i = 0; fine && i < own; i++)
        fine =
            fornix_read(s->of.table, s->of.column, s->of.rows[first + i], x + i * s->size, error);
    for (int64_t j = 0; fine && j < s->among.count; j++) {
        fine = fornix_read(s->among.table, s->among.column, s->among.rows[j], other, error);
        for (int64_t i = 0; fine && i < own; i++)
            if (!is_itself(s, first + i, j))
                nearest_put(s->found->nearest + (first + i) * k, far + i * k, k, j,
                            square_apart(x + i * s->size, other, s->size));
    }
    mem_large_free(x, bytes);
}

/* Whether some row is searched for among others and itself: then it has one neighbour less. */
static bool sets_meet(const Points *of, const Points *among)
{
    int64_t most = 0;
    if (of->table != among->table)
        return false;
    for (int64_t i = 0; i < of->count; i++)
        most = of->rows[i] > most ? of->rows[i] : most;
    bool *wanted = mem_new((size_t)most + 1, sizeof *wanted), meet = false;
    for (int64_t i = 0; i < of->count; i++)
        wanted[of->rows[i]] = true;
    for (int64_t j = 0; j < among->count; j++)
        meet = meet || (among->rows[j] <= most && wanted[among->rows[j]]);
    mem_free(wanted);
    return meet;
}

/* Rows that are searched for at a time: few enough for the memory, and for all threads to have
 * some.
 */
static int64_t block_rows(int64_t count, int64_t size)
{
    int64_t fit = BLOCK_BYTES / (size * (int64_t)sizeof(float));
    int64_t share = (count + BLOCKS_LEAST - 1) / BLOCKS_LEAST;
    return fit < 1 ? 1 : fit < share ? fit : share;
}

bool neighbours_find(FornixBuild *build, const Points *of, const Points *among, int64_t k,
                     Neighbours *found)
{
    int64_t others = among->count - sets_meet(of, among);
    *found = (Neighbours){.count = of->count, .k = k < others ? k : others};
    size_t room = (size_t)(found->count * found->k);
    found->nearest = mem_new(room + 1, sizeof *found->nearest);
    found->squares = mem_new(room + 1, sizeof *found->squares);
    if (!room)
        return true;
    Search search = {.of = *of, .among = *among, .found = found};
    search.size = fornix_floats(fornix_column(of->table, of->column)->shape);
    search.block = block_rows(of->count, search.size);
    int64_t blocks = (of->count + search.block - 1) / search.block;
    search.errors = mem_new((size_t)blocks, sizeof *search.errors);
    fornix_parallel(build, blocks, search_block, &search);
    bool fine = true;
    for (int64_t i = 0; fine && i < blocks; i++)
        if (search.errors[i].text[0])
            fine = fornix_build_fail(build, NULL, "%s", search.errors[i].text);
    mem_free(search.errors);
    return fine;
}

void neighbours_free(Neighbours *found)
{
    mem_free(found->nearest);
    mem_free(found->squares);
    *found = (Neighbours){0};
}

int64_t neighbours_memory(const void *attrs, const FornixTable *input, int threads)
{
    (void)attrs;
    int64_t rows = fornix_rows(input), most = 0;
    for (int c = 0; c < fornix_columns(input); c++) {
        const FornixColumn *column = fornix_column(input, c);
        int64_t size = fornix_floats(column->shape);
        int64_t held = 1 + block_rows(rows >= 0 ? rows : BLOCK_BYTES, size);
        if (column->kind & FORNIX_VALUES && held * size > most)
            most = held * size;
    }
    return threads * most * (int64_t)sizeof(float);
}
