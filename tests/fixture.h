/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PyTorch gave: tensors by name in the safetensors files of tests/values, and how near to them
 * numbers are. */
#ifndef FORNIX_TESTS_FIXTURE_H
#define FORNIX_TESTS_FIXTURE_H

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/base.h"
#include "../src/safetensors.h"

static inline void fixture_path(char *path, size_t size, const char *name)
{
    const char *folder = getenv("srcdir");
    snprintf(path, size, "%s/tests/values/%s", folder ? folder : ".", name);
}

static inline SafeFile *fixture_open(const char *name)
{
    char path[4096];
    FornixError error = {0};
    fixture_path(path, sizeof path, name);
    SafeFile *file = safetensors_open(path, &error);
    if (!file) {
        fprintf(stderr, "%s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

/* All numbers of a tensor, to be freed with mem_free; there have to be `floats` of them. */
static inline float *fixture_floats(const SafeFile *file, const char *name, int64_t floats)
{
    FornixError error = {0};
    int64_t index = safetensors_find(file, name);
    ck_assert_msg(index >= 0, "%s holds no '%s'", safetensors_path(file), name);
    const SafeTensor *tensor = safetensors_tensor(file, (size_t)index);
    int64_t rows = safetensors_rows(tensor), count = rows * safetensors_row_size(tensor);
    ck_assert_msg(count == floats, "'%s' has %ld numbers, not %ld", name, (long)count,
                  (long)floats);
    float *values = mem_new((size_t)count + 1, sizeof *values);
    ck_assert_msg(safetensors_read(file, (size_t)index, 0, rows, values, &error), "%s", error.text);
    return values;
}

/* How many tensors have names that begin so. */
static inline int fixture_count(const SafeFile *file, const char *prefix)
{
    int count = 0;
    for (size_t k = 0; k < safetensors_count(file); k++)
        count += strncmp(safetensors_tensor(file, k)->name, prefix, strlen(prefix)) == 0;
    return count;
}

static inline double largest(const float *values, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)values[i]));
    return most;
}

/* The largest difference of two tensors, as a share of scale; with scale 0 they must be equal. */
static inline void floats_near(const char *what, const float *got, const float *wanted,
                               int64_t count, double scale, double tolerance)
{
    double most = 0;
    int64_t worst = 0;
    for (int64_t i = 0; i < count; i++) {
        double off = fabs((double)got[i] - (double)wanted[i]);
        if (!(off <= most)) {
            most = off;
            worst = i;
        }
    }
    if (getenv("SHOW_ERRORS"))
        printf("%.2e of %.0e  %s\n", scale > 0 ? most / scale : most, tolerance, what);
    if (!(most <= tolerance * scale))
        ck_abort_msg("%s: number %ld is %.9g, in PyTorch %.9g: off by %.3g of %.3g, allowed %g",
                     what, (long)worst, (double)got[worst], (double)wanted[worst], most, scale,
                     tolerance);
}

/* The same for the fixture's tensor of that name, by its largest number. */
static inline void fixture_near(const SafeFile *file, const char *name, const float *got,
                                int64_t count, double tolerance)
{
    float *wanted = fixture_floats(file, name, count);
    floats_near(name, got, wanted, count, largest(wanted, count), tolerance);
    mem_free(wanted);
}

#endif
