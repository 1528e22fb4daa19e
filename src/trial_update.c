/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is no layer: its example is read, where the files and tables that it names need not be
 * there; optimizers and schedules are tried as far as all of them have something in common, nodes
 * of tables on tables that are made up (trial_table.c). */
#include <math.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

enum { WEIGHTS = 300, ROUNDS = 50 };

typedef struct Descent { /* one whole, one element by element */
    float weight[2][WEIGHTS], state[2][OPTIMIZER_STATES_MOST][WEIGHTS], gradient[WEIGHTS];
} Descent;

static double squares(const float *values)
{
    double sum = 0;
    for (int i = 0; i < WEIGHTS; i++)
        sum += (double)values[i] * (double)values[i];
    return sum;
}

static void update_once(Descent *d, int way, const FornixNode *type, const void *attrs,
                        const FornixUpdate *like)
{
    float *states[OPTIMIZER_STATES_MOST];
    for (int s = 0; s < OPTIMIZER_STATES_MOST; s++)
        states[s] = d->state[way][s];
    FornixUpdate update = *like;
    update.weight = d->weight[way];
    update.gradient = d->gradient;
    update.state = states;
    for (int64_t i = way ? WEIGHTS - 1 : 0; i >= 0; i--)
        type->optimizer->update(&update, attrs, way ? i : 0, way ? i + 1 : WEIGHTS);
}

/* Down the bowl w^2 / 2. */
static bool optimizer_fine(const FornixNode *type, const void *attrs, Descent *d, Fault *fault)
{
    double rate;
    uint64_t seed = 8;
    memcpy(&rate, (const char *)attrs + type->optimizer->rate_offset, sizeof rate);
    if (type->optimizer->states < 0 || type->optimizer->states > OPTIMIZER_STATES_MOST)
        return fault_set(fault, TRIAL_UPDATE, "it wants %d states, and the most is %d",
                         type->optimizer->states, (int)OPTIMIZER_STATES_MOST);
    for (int i = 0; i < WEIGHTS; i++)
        d->weight[0][i] = d->weight[1][i] = (float)draw(&seed);
    double before = squares(d->weight[0]);
    for (int64_t step = 1; step <= ROUNDS; step++) {
        FornixUpdate like = {.step = step, .rate = rate, .scale = 1};
        memcpy(d->gradient, d->weight[0], sizeof d->gradient);
        for (int way = 0; way < 2; way++)
            update_once(d, way, type, attrs, &like);
        if (memcmp(d->weight[0], d->weight[1], sizeof d->weight[0]) != 0)
            return fault_set(fault, TRIAL_UPDATE, "it depends on how the range of elements is cut");
    }
    for (int s = type->optimizer->states; s < OPTIMIZER_STATES_MOST; s++)
        if (squares(d->state[0][s]) != 0)
            return fault_set(fault, TRIAL_UPDATE, "it writes a state that it does not declare");
    if (!(squares(d->weight[0]) < before))
        return fault_set(fault, TRIAL_UPDATE, "after %d steps down a bowl it is not lower",
                         (int)ROUNDS);
    return true;
}

static bool schedule_fine(const FornixNode *type, const void *attrs, Fault *fault)
{
    for (int64_t steps = 1; steps <= 1000; steps += 333)
        for (int64_t step = 0; step < steps; step++) {
            double factor = type->schedule->factor(attrs, step, steps);
            if (!(factor >= 0 && factor <= 1))
                return fault_set(fault, TRIAL_UPDATE,
                                 "its factor is %g in step %lld of %lld, not within 0 to 1", factor,
                                 (long long)step, (long long)steps);
        }
    return true;
}

static bool element_fine(Trial *trial, const Element *element, Diag *diag, Arena *arena,
                         Fault *fault)
{
    const FornixNode *type = trial->type;
    const void *attrs = attr_read(type, element, NULL, diag, arena);
    if (attrs && type->samples)
        trial_table(trial, element, attrs);
    if (!attrs || type->samples)
        return true; /* a mistake is told by the diag */
    trial_checks(trial, TRIAL_UPDATE);
    trial_doing(trial, type->optimizer ? "update" : "factor");
    if (type->schedule)
        return schedule_fine(type, attrs, fault);
    Descent *descent = mem_new(1, sizeof *descent);
    bool fine = optimizer_fine(type, attrs, descent, fault);
    mem_free(descent);
    return fine;
}

/* The elements of that name in the example, or in the elements of it. */
void trial_elements(Trial *trial)
{
    const FornixNode *type = trial->type;
    Example example = {.name = type->name, .arena = arena_new(), .diag = diag_new()};
    Fault fault;
    FornixError error = {0};
    int found = 0;
    bool fine = true;
    trial_checks(trial, TRIAL_EXAMPLE);
    trial_doing(trial, "reading its example");
    const Element *xml = expand_fragment("<example>", type->example, example.diag, example.arena);
    for (const Element *outer = xml ? xml->first : NULL; outer; outer = outer->next)
        for (const Element *e = outer; e; e = e == outer ? outer->first : e->next)
            if (strcmp(e->name, type->name) == 0) {
                found++;
                fine = fine && element_fine(trial, e, example.diag, example.arena, &fault);
            }
    if (!example_fine(&example, &error))
        trial_fail(trial, TRIAL_EXAMPLE, "it does not load: %s", error.text);
    else if (!found)
        trial_fail(trial, TRIAL_EXAMPLE, "there is no <%s> in it", type->name);
    if (!fine)
        trial_fail(trial, fault.check, "%s", fault.text);
    example_close(&example);
}
