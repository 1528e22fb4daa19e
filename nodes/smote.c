/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes up samples between neighbours of one class.
 *
 *   x = (1 - u) a + u b,   u ~ U(0, 1),   b one of the k nearest to a in a's class
 *
 * (Chawla, Bowyer, Hall, Kegelmeyer: SMOTE, JAIR 16, 2002.) Pairs (a, b) are drawn uniformly over
 * samples and neighbours with replacement. Only the recipe (a, b, u) is kept; tensors are mixed
 * when they are read, so features of any size and rank will do. Neighbours are found block by
 * block, with no more than a block and a row in memory.
 */
#include <inttypes.h>
#include <math.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "node.h"

typedef struct {
    const char *label, *column;
    int part;
    double ratio;
    int64_t neighbours, seed;
} Smote;

enum { LANES = 16, BLOCK_BYTES = 64 << 20, BLOCKS_LEAST = 16 };

static bool smote_columns(FornixBuild *build, const void *attrs)
{
    const Smote *a = attrs;
    fornix_fitted_on_parts(build, 0, balance_part(a->part));
    return balance_columns(build, a->label) &&
           column_choose(build, 0, "column", a->column, FORNIX_VALUES) >= 0;
}

/* ---- Neighbours -------------------------------------------------------------------------- */

typedef struct {
    const FornixTable *table;
    int column;
    const int64_t *rows; /* of the class */
    int64_t count, size; /* rows; floats in each */
    int64_t block;       /* rows searched for at a time */
    int64_t k;
    int64_t *nearest;    /* count x k: places in rows */
    FornixError *errors; /* of each block */
} Search;

/* In lanes, so that the compiler may use them: the order of the sum is fixed all the same. */
static float distance(const float *a, const float *b, int64_t size)
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

static void search_block(void *context, int64_t number)
{
    const Search *s = context;
    FornixError *error = &s->errors[number];
    int64_t first = number * s->block;
    int64_t own = s->count - first < s->block ? s->count - first : s->block;
    size_t bytes = (size_t)(own + 1) * (size_t)s->size * sizeof(float);
    float *x = mem_large(bytes), *other = x ? x + own * s->size : NULL;
    float *far = mem_new((size_t)(own * s->k), sizeof *far);
    bool fine = x || fornix_fail(error, "no memory to look for neighbours");
    for (int64_t i = 0; i < own * s->k; i++)
        far[i] = INFINITY;
    for (int64_t i = 0; fine && i < own; i++)
        fine = fornix_read(s->table, s->column, s->rows[first + i], x + i * s->size, error);
    for (int64_t j = 0; fine && j < s->count; j++) {
        fine = fornix_read(s->table, s->column, s->rows[j], other, error);
        for (int64_t i = 0; fine && i < own; i++)
            if (first + i != j)
                nearest_put(s->nearest + (first + i) * s->k, far + i * s->k, s->k, j,
                            distance(x + i * s->size, other, s->size));
    }
    mem_free(far);
    mem_large_free(x, bytes);
}

static bool search_run(FornixBuild *build, Search *search)
{
    int64_t fit = BLOCK_BYTES / (search->size * (int64_t)sizeof(float));
    int64_t share = (search->count + BLOCKS_LEAST - 1) / BLOCKS_LEAST;
    search->block = fit < 1 ? 1 : fit < share ? fit : share;
    int64_t blocks = (search->count + search->block - 1) / search->block;
    search->errors = mem_new((size_t)blocks, sizeof *search->errors);
    fornix_parallel(build, blocks, search_block, search);
    bool fine = true;
    for (int64_t i = 0; fine && i < blocks; i++)
        if (search->errors[i].text[0])
            fine = fornix_build_fail(build, NULL, "%s", search->errors[i].text);
    mem_free(search->errors);
    return fine;
}

/* ---- Samples ----------------------------------------------------------------------------- */

static bool class_fill(const Balance *balance, const Smote *a, int64_t class, int64_t lack,
                       int64_t *made)
{
    FornixBuild *build = balance->build;
    int64_t count = balance->count[class];
    const int64_t *rows = balance->rows[class];
    char name[CLASS_NAME];
    const FornixColumn *label = fornix_column(balance->table, balance->label);
    if (count < 2)
        return fornix_build_fail(build, NULL, "class '%s' has one sample: nothing lies between",
                                 column_class(label, class, name));
    int column = column_choose(build, 0, "column", a->column, FORNIX_VALUES);
    Search search = {.table = balance->table,
                     .column = column,
                     .rows = rows,
                     .count = count,
                     .size = fornix_floats(fornix_column(balance->table, column)->shape),
                     .k = a->neighbours < count ? a->neighbours : count - 1};
    if (search.k < a->neighbours)
        fornix_warn(build,
                    "class '%s' has %" PRId64 " samples: %" PRId64 " neighbours each, not %" PRId64,
                    column_class(label, class, name), count, search.k, a->neighbours);
    search.nearest = mem_new((size_t)(count * search.k), sizeof *search.nearest);
    bool fine = search_run(build, &search);
    FornixRandomKey key =
        fornix_random_derive(fornix_build_random(build, a->seed), (uint64_t) class);
    for (int64_t i = 0; fine && i < lack; i++) {
        int64_t pair = fornix_random_below(key, (uint64_t)i, count * search.k);
        int64_t row = fornix_mix_rows(build, 0, rows[pair / search.k], rows[search.nearest[pair]],
                                      fornix_random_real(key, (uint64_t)i));
        balance_name_row(balance, row, ++*made, a->part);
    }
    mem_free(search.nearest);
    return fine;
}

static bool smote_rows(FornixBuild *build, const void *attrs)
{
    const Smote *a = attrs;
    Balance balance;
    bool fine = balance_begin(build, a->label, a->part, &balance);
    if (fine)
        balance_copy_rows(&balance);
    int64_t *added = mem_new((size_t)balance.classes + 1, sizeof *added), made = 0;
    for (int64_t c = 0; fine && c < balance.classes; c++) {
        added[c] = balance_lack(&balance, a->ratio, c);
        if (added[c])
            fine = class_fill(&balance, a, c, added[c], &made);
    }
    if (fine)
        balance_report(&balance, added);
    mem_free(added);
    balance_end(&balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Smote, label, "", "the label column, where there are several"),
    FORNIX_TEXT(Smote, column, "",
                "the column in which neighbours are near, where there are "
                "several"),
    FORNIX_CHOICE(Smote, part, "train", balance_parts, "the part that is balanced"),
    FORNIX_REAL(Smote, ratio, "1", 0, 1000,
                "every class gets this share of the largest one's rows"),
    FORNIX_INT(Smote, neighbours, "5", 1, 1000, "k: how many neighbours a sample is mixed with"),
    FORNIX_INT(Smote, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "all samples, then those made up; column `weight` is 1"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN, .columns = smote_columns, .rows = smote_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "smote",
    .doc = "Makes up samples of smaller classes on the lines between neighbours (Euclidean "
           "distance over the whole tensor) of one class.",
    .formula = "x = (1 - u) a + u b, u ~ U(0, 1), b among the k nearest to a in its class; Chawla, "
               "Bowyer, Hall and Kegelmeyer 2002",
    .attrs_size = sizeof(Smote),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<smote id=\"balanced\" samples=\"features\" part=\"train\" neighbours=\"5\"/>"};
