/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings as JSON, in runs and in sweeps the same. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "findings.h"

json_t *findings_number_json(double value)
{
    return isfinite(value) ? json_real(value)
                           : json_string(isnan(value) ? "undefined"
                                         : value > 0  ? "inf"
                                                      : "-inf");
}

json_t *findings_curve_json(const FornixCurve *curve, int64_t most)
{
    json_t *columns = json_array(), *rows = json_array();
    int64_t stride = most > 0 ? 1 + (curve->rows - 1) / most : 1;
    for (int k = 0; k < curve->width; k++)
        json_array_append_new(columns, json_string(curve->columns[k]));
    for (int64_t row = 0; row < curve->rows; row++) {
        json_t *numbers;
        if (row % stride && row + 1 != curve->rows)
            continue;
        numbers = json_array();
        for (int k = 0; k < curve->width; k++)
            json_array_append_new(numbers,
                                  findings_number_json(curve->values[row * curve->width + k]));
        json_array_append_new(rows, numbers);
    }
    return json_pack("{s:o, s:o}", "columns", columns, "rows", rows);
}

bool findings_write_json(const char *folder, const char *name, json_t *root, FornixError *error)
{
    char *path = file_join(folder, name);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    bool fine = text && file_write(path, text, strlen(text), error);
    free(text);
    mem_free(path);
    json_decref(root);
    return fine;
}
