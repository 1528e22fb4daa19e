/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controls of a sweep: figures whose mean over jobs has to lie where it is known to.
 *
 * A positive one has to find what is there, a permuted one must find nothing. Where one fails, or
 * is not there, nothing that the sweep finds elsewhere can be believed: its verdicts are withheld.
 */
#include <math.h>
#include <string.h>

#include "attr.h"
#include "statistics.h"
#include "sweep_parts.h"

static const FornixAttr control_attrs[] = {
    FORNIX_TEXT(SweepControl, name, NULL, "what it is called: positive, permuted"),
    FORNIX_TEXT(SweepControl, of, NULL, "NODE.FIGURE as in final.json; * stands for any text"),
    FORNIX_LIST(SweepControl, between, NULL, "where the mean over jobs has to lie: 0.45 0.55"),
    FORNIX_TEXT(SweepControl, when, "", "an expression on the axes: of these jobs alone"),
    {0}};

SWEEP_ELEMENT(control, SweepControl,
              "A figure of a sweep whose mean has to lie where it is known to; where it does not, "
              "comparisons give no verdict.")

void sweep_read_control(Sweep *sweep, const Element *element)
{
    SweepControl *a = sweep_attrs_of(sweep, &written_control, element);
    if (!a)
        return;
    double bounds[2] = {NAN, NAN};
    bool numbers = a->between.count == 2;
    for (int64_t k = 0; numbers && k < 2; k++)
        numbers = text_to_real(a->between.items[k], &bounds[k]);
    if (!numbers || bounds[0] > bounds[1])
        diag_error(sweep->diag, sweep_value_place(element, "between"),
                   numbers ? "the first number is above the second"
                           : "two numbers are wanted: 0.45 0.55");
    a->low = bounds[0];
    a->high = bounds[1];
    a->element = element;
    sweep->controls[sweep->control_count++] = *a;
}

typedef struct {
    double *values;
    size_t count;
} Values;

static void take_value(void *context, const char *stars, SweepFigure figure)
{
    Values *values = context;
    (void)stars;
    values->values = mem_grow(values->values, values->count + 1, sizeof *values->values);
    values->values[values->count++] = figure.value;
}

SweepControlled *sweep_control(const Sweep *sweep, const SweepTable *table)
{
    SweepControlled *results = mem_new(sweep->control_count + 1, sizeof *results);
    for (size_t k = 0; k < sweep->control_count; k++) {
        const SweepControl *control = &sweep->controls[k];
        Values values = {0};
        for (size_t j = 0; j < sweep->job_count; j++)
            if (strcmp(table->status[j], "done") == 0 && control->takes[j])
                sweep_each_figure(sweep, j, control->of, take_value, &values);
        double mean = statistics_mean(values.values, (int64_t)values.count); /* NAN stays NAN */
        results[k] = (SweepControlled){control, mean, values.count,
                                       mean >= control->low && mean <= control->high};
        mem_free(values.values);
    }
    return results;
}

const SweepControlled *sweep_failed_control(const Sweep *sweep, const SweepControlled *controls)
{
    for (size_t k = 0; k < sweep->control_count; k++)
        if (!controls[k].passed)
            return &controls[k];
    return NULL;
}
